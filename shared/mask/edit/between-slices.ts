import type { Zyx } from '../../volume/zyx.ts'
import { squaredDistances } from '../distances.ts'

/** A shape in a slice: inside is 1; rows and columns. */
export interface SliceShape {
  inside: Uint8Array
  numColumns: number
}

/**
 * The shape part of the way from one slice to another: where the weighted mean of both signed distances is inside.
 * Shapes that do not overlap are moved onto each other's way, centre to centre, so that a tube which wanders off stays
 * one.
 *
 * @param share   0 at `first`, 1 at `last`
 * @param spacing of rows and columns, any one unit
 * @returns 1 inside, of the shapes' size
 * @see Raya and Udupa 1990, Shape-Based Interpolation of Multidimensional Objects
 */
export function shapeBetween(
  first: SliceShape,
  last: SliceShape,
  share: number,
  spacing: readonly [row: number, column: number],
): Uint8Array {
  return new ShapesBetween(first, last, spacing).at(share)
}

/** Shapes between two slices; the distances are made once. */
export class ShapesBetween {
  private readonly distances: readonly [Float32Array, Float32Array]
  private readonly shift: readonly [row: number, column: number]
  private readonly numColumns: number

  /** @throws RangeError for shapes of different size, or without any voxel */
  constructor(first: SliceShape, last: SliceShape, spacing: readonly [row: number, column: number]) {
    if (first.inside.length !== last.inside.length) throw new RangeError('shapes of different size')
    const centres = [first, last].map(centreOf)
    this.numColumns = first.numColumns
    this.distances = [signedDistances(first, spacing), signedDistances(last, spacing)]
    const overlaps = first.inside.some((value, i) => value === 1 && last.inside[i] === 1)
    this.shift = overlaps ? [0, 0] : [centres[1][0] - centres[0][0], centres[1][1] - centres[0][1]]
  }

  /** @param share 0 at the first, 1 at the last slice */
  at(share: number): Uint8Array {
    const { numColumns } = this
    const [first, last] = this.distances
    const [dRow, dColumn] = this.shift
    const out = new Uint8Array(first.length)
    const numRows = first.length / numColumns
    for (let row = 0, at = 0; row < numRows; row++)
      for (let column = 0; column < numColumns; column++, at++) {
        const a = sample(first, numRows, numColumns, row - share * dRow, column - share * dColumn)
        const b = sample(last, numRows, numColumns, row + (1 - share) * dRow, column + (1 - share) * dColumn)
        if ((1 - share) * a + share * b < 0) out[at] = 1
      }
    return out
  }
}

function centreOf({ inside, numColumns }: SliceShape): [number, number] {
  let [rows, columns, count] = [0, 0, 0]
  for (let i = 0; i < inside.length; i++) {
    if (inside[i] === 0) continue
    rows += Math.floor(i / numColumns)
    columns += i % numColumns
    count++
  }
  if (count === 0) throw new RangeError('a shape without voxels')
  return [rows / count, columns / count]
}

/** Distance to the border between inside and outside, negative inside; half a voxel beside it. */
function signedDistances({ inside, numColumns }: SliceShape, spacing: readonly [number, number]): Float32Array {
  const shape: Zyx = [1, inside.length / numColumns, numColumns]
  const [toInside, toOutside] = [1, 0].map((wanted) => {
    const values = Float32Array.from(inside, (value) => (value === wanted ? 0 : Number.POSITIVE_INFINITY))
    squaredDistances(values, shape, [1, spacing[0], spacing[1]])
    return values
  })
  const half = Math.min(...spacing) / 2
  // A shape that fills the slice has no border: deep inside everywhere.
  const deepest = Math.hypot(shape[1] * spacing[0], shape[2] * spacing[1])
  return toInside.map((squared, i) =>
    inside[i] === 1 ? half - Math.min(deepest, Math.sqrt(toOutside[i])) : Math.sqrt(squared) - half,
  )
}

/** Linear between voxels; beyond the border the value there and the distance to it. */
function sample(values: Float32Array, numRows: number, numColumns: number, row: number, column: number): number {
  const r = Math.min(numRows - 1, Math.max(0, row))
  const c = Math.min(numColumns - 1, Math.max(0, column))
  const [r0, c0] = [Math.floor(r), Math.floor(c)]
  const [r1, c1] = [Math.min(numRows - 1, r0 + 1), Math.min(numColumns - 1, c0 + 1)]
  const [fr, fc] = [r - r0, c - c0]
  const upper = values[r0 * numColumns + c0] * (1 - fc) + values[r0 * numColumns + c1] * fc
  const lower = values[r1 * numColumns + c0] * (1 - fc) + values[r1 * numColumns + c1] * fc
  return upper * (1 - fr) + lower * fr + Math.hypot(row - r, column - c)
}
