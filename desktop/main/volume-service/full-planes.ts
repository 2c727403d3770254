import type { FileHandle } from 'node:fs/promises'
import type { PlaneProjection } from '../../../shared/contract/volume-port.ts'
import { BYTES_PER_VOXEL } from '../../../shared/volume/dtype.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels, reverseTriple } from '../../../shared/volume/zyx.ts'
import { encodeValues, type ValueRange } from './block-mean.ts'
import { type BrickGrid, readColumns } from './column-bricks.ts'
import { plainNumbers } from './plain-numbers.ts'

/** Below this a plane across x is picked out of the whole file: as fast as bricks. */
const SMALL_FILE_BYTES = 48 * 1024 * 1024

/** A plane of the file, or a slab of planes seen as one. */
export interface PlaneRequest {
  /** Axis of the file that the plane is across, 0 = x. */
  fileAxis: 0 | 1 | 2
  index: number
  /** Planes taken together, centred on `index`, as many of them as exist. */
  thickness: number
  projection: PlaneProjection
}

/** Where planes come from. */
export interface PlaneSource {
  source: VoxelSource
  range: ValueRange
  bricks: { file: FileHandle; grid: BrickGrid } | null
  /** The volume lies in chunks of its own: planes across x cost no more than others. */
  isChunked: boolean
}

export interface FullPlane {
  /** Rows and columns in the file's order: (y, x) across z, (z, x) across y, (z, y) across x. */
  shape: [number, number]
  codes: Uint8Array<ArrayBuffer>
}

/**
 * A plane at the full resolution of the file, as codes. Across z and y it is read from the file itself; across x from
 * the bricks, because an x-fastest file would have to be read whole.
 * @returns null across x while there are no bricks
 * @throws {DomainError} what `VoxelSource.readBox` throws
 */
export async function readFullPlane(
  { source, range, bricks, isChunked }: PlaneSource,
  request: PlaneRequest,
  signal?: AbortSignal,
): Promise<FullPlane | null> {
  const { shapeZyx, dtype } = source.header
  const { start, count } = slabOf(reverseTriple(shapeZyx)[request.fileAxis], request.index, request.thickness)
  const [nz, ny, nx] = shapeZyx
  if (request.fileAxis === 0) {
    if (bricks) {
      const planes = await readColumns(bricks.file, bricks.grid, start, count)
      return { shape: [nz, ny], codes: projectCodes(planes, request.projection) }
    }
    if (!isChunked && numVoxels(shapeZyx) * BYTES_PER_VOXEL[dtype] > SMALL_FILE_BYTES) return null
  }
  const line = source.header.scaling ?? { slope: 1, intercept: 0 }
  const projector = new Projector(planeSize(shapeZyx, request.fileAxis), request.projection)
  const shape: [number, number] = request.fileAxis === 2 ? [ny, nx] : request.fileAxis === 1 ? [nz, nx] : [nz, ny]
  for (let one = start; one < start + count; one++) {
    const [from, size] = boxOf(shapeZyx, request.fileAxis, one)
    projector.add(plainNumbers(await source.readBox(from, size, signal), dtype))
  }
  return { shape, codes: encodeValues(projector.result(), line, range) }
}

type Triple = [number, number, number]

function boxOf([nz, ny, nx]: readonly [number, number, number], fileAxis: number, index: number): [Triple, Triple] {
  if (fileAxis === 2)
    return [
      [index, 0, 0],
      [1, ny, nx],
    ]
  if (fileAxis === 1)
    return [
      [0, index, 0],
      [nz, 1, nx],
    ]
  return [
    [0, 0, index],
    [nz, ny, 1],
  ]
}

function planeSize(shapeZyx: readonly [number, number, number], fileAxis: number): number {
  return numVoxels(shapeZyx) / reverseTriple(shapeZyx)[fileAxis]
}

/** The planes of a slab around `index` that exist. */
export function slabOf(size: number, index: number, thickness: number): { start: number; count: number } {
  const first = index - ((thickness - 1) >> 1)
  const start = Math.max(0, first)
  return { start, count: Math.min(size, first + thickness) - start }
}

/** Takes planes one at a time; voxels that are not finite do not count. */
class Projector {
  private readonly projection: PlaneProjection
  private readonly held: Float64Array
  private readonly counts: Uint32Array
  private single: Float32Array | Float64Array | null = null
  private numPlanes = 0

  constructor(size: number, projection: PlaneProjection) {
    this.projection = projection
    this.held = new Float64Array(size)
    this.counts = new Uint32Array(size)
  }

  add(plane: Float32Array | Float64Array): void {
    this.single = plane
    this.numPlanes++
    const { held, counts, projection } = this
    for (let i = 0; i < held.length; i++) {
      const value = plane[i]
      if (value - value !== 0) continue
      if (counts[i] === 0 || projection === 'mean') held[i] += value
      else if (projection === 'min' ? value < held[i] : value > held[i]) held[i] = value
      counts[i]++
    }
  }

  result(): Float32Array | Float64Array {
    const { held, counts, projection } = this
    if (this.numPlanes === 1 && this.single) return this.single
    for (let i = 0; i < held.length; i++)
      if (counts[i] === 0) held[i] = Number.NaN
      else if (projection === 'mean') held[i] /= counts[i]
    return held
  }
}

/** The same for planes that are codes already. */
function projectCodes(planes: Uint8Array[], projection: PlaneProjection): Uint8Array<ArrayBuffer> {
  const [first] = planes
  if (planes.length === 1) return first as Uint8Array<ArrayBuffer>
  const out = new Uint8Array(first.length)
  for (let i = 0; i < out.length; i++) {
    let held = planes[0][i]
    for (let plane = 1; plane < planes.length; plane++) {
      const code = planes[plane][i]
      if (projection === 'mean') held += code
      else if (projection === 'min' ? code < held : code > held) held = code
    }
    out[i] = projection === 'mean' ? (held / planes.length + 0.5) | 0 : held
  }
  return out
}
