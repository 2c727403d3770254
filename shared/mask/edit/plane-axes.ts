import type { Zyx } from '../../volume/zyx.ts'

/** The axis that a slice is seen along: z for XY, y for XZ, x for YZ. */
export type SliceAxis = 'x' | 'y' | 'z'

/** A slice's axis and the two in it, as indices of z (0), y (1), x (2). The columns are x, or y in YZ. */
export interface PlaneAxes {
  across: number
  rows: number
  columns: number
}

export function planeAxes(axis: SliceAxis): PlaneAxes {
  if (axis === 'z') return { across: 0, rows: 1, columns: 2 }
  if (axis === 'y') return { across: 1, rows: 0, columns: 2 }
  return { across: 2, rows: 0, columns: 1 }
}

/** Start and shape of a whole slice of a volume; its box in z, y, x order is the slice in rows and columns. */
export function sliceBox(shapeZyx: Zyx, axis: SliceAxis, index: number): { startZyx: Zyx; shapeZyx: Zyx } {
  const { across } = planeAxes(axis)
  const one = (value: number, other: (size: number) => number) =>
    shapeZyx.map((size, at) => (at === across ? value : other(size))) as unknown as Zyx
  return { startZyx: one(index, () => 0), shapeZyx: one(1, (size) => size) }
}

/** Takes the voxels [from, to) of a slice's row. */
export type TakeRun = (row: number, from: number, to: number) => void

/** Writes runs of a slice: rows of the volume, or voxel by voxel where the slice is seen along x. */
export function runWriter(
  axis: SliceAxis,
  index: number,
  setRun: (z: number, y: number, x: number, xEnd: number) => void,
): TakeRun {
  if (axis === 'z') return (row, from, to) => setRun(index, row, from, to)
  if (axis === 'y') return (row, from, to) => setRun(row, index, from, to)
  return (row, from, to) => {
    for (let y = from; y < to; y++) setRun(row, y, index, index + 1)
  }
}
