import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { BYTES_PER_VOXEL } from '../../../shared/volume/dtype.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import { encodeValues, type ValueRange } from './block-mean.ts'
import type { Level } from './level.ts'
import { binThatFits } from './level-plan.ts'
import { plainNumbers } from './plain-numbers.ts'
import { robustRange } from './value-range.ts'

// 2 M voxels on a graphics card; a sixteenth of what can be drawn where there is none: it must be there at once.
const SAMPLED_VOXELS = 2 * 1024 * 1024
const SAMPLED_SHARE = 1 / 16
const SAMPLED_AXIS = 512
// Above this a plane is read row by row.
const WHOLE_PLANE_BYTES = 4 * 1024 * 1024

export interface SampleLimits {
  maxVoxels: number
  maxAxis: number
  /** Planes that were not read by then take the nearest one that was. */
  budgetMs: number
  signal?: AbortSignal
}

/** A level whose voxels are single voxels of the file, the middle ones of their blocks, read plane by plane. */
export interface SampledLevel extends Level {
  /** Share of the level's planes that were read themselves. */
  readShare: number
}

/**
 * A first picture of a volume: some planes, read straight from the file, coarse to fine until the time is up. The range
 * of values is found in them.
 * @throws {DomainError} what `VoxelSource.readBox` throws
 */
export async function sampleLevel(source: VoxelSource, limits: SampleLimits): Promise<SampledLevel> {
  const { shapeZyx: sourceShape, scaling } = source.header
  const bin = binThatFits(
    sourceShape,
    Math.max(1, Math.min(SAMPLED_VOXELS, limits.maxVoxels * SAMPLED_SHARE)),
    Math.min(SAMPLED_AXIS, limits.maxAxis),
  )
  const shapeZyx = blockGridShape(sourceShape, bin)
  const planeVoxels = shapeZyx[1] * shapeZyx[2]
  const values = new Float64Array(numVoxels(shapeZyx))
  const isRead = new Uint8Array(shapeZyx[0])
  const endMs = performance.now() + limits.budgetMs
  let numRead = 0
  for (const z of coarseToFine(shapeZyx[0])) {
    if (numRead > 0 && performance.now() > endMs) break
    const plane = values.subarray(z * planeVoxels, (z + 1) * planeVoxels)
    await samplePlane(source, middleOf(z, bin, sourceShape[0]), bin, plane, shapeZyx, limits.signal)
    isRead[z] = 1
    numRead++
  }
  fillUnread(values, isRead, planeVoxels)
  const line = scaling ?? { slope: 1, intercept: 0 }
  const range: ValueRange = await robustRange(source, values, line, limits.signal)
  const voxels = encodeValues(values, line, range)
  return { ...range, bin, shapeZyx, voxels, histogram: histogramOf(voxels), readShare: numRead / shapeZyx[0] }
}

// 4 M voxels at once: 32 MB of the widest type.
const MAX_READ_VOXELS = 4 * 1024 * 1024

/** Every voxel of a source as a code, read some planes at a time. */
export async function encodedLevel(
  source: VoxelSource,
  range: ValueRange,
  signal?: AbortSignal,
): Promise<Pick<Level, 'shapeZyx' | 'voxels' | 'histogram'>> {
  const { shapeZyx, dtype, scaling } = source.header
  const planeVoxels = shapeZyx[1] * shapeZyx[2]
  const numPlanes = Math.max(1, Math.floor(MAX_READ_VOXELS / planeVoxels))
  const voxels = new Uint8Array(numVoxels(shapeZyx))
  for (let z = 0; z < shapeZyx[0]; z += numPlanes) {
    const read = await source.readSlab(z, Math.min(numPlanes, shapeZyx[0] - z), signal)
    voxels.set(encodeValues(plainNumbers(read, dtype), scaling ?? { slope: 1, intercept: 0 }, range), z * planeVoxels)
  }
  return { shapeZyx: [...shapeZyx], voxels, histogram: histogramOf(voxels) }
}

/** The voxel in the middle of a block, inside the volume. */
function middleOf(block: number, bin: number, size: number): number {
  return Math.min(size - 1, block * bin + (bin >> 1))
}

async function samplePlane(
  source: VoxelSource,
  z: number,
  bin: number,
  out: Float64Array,
  [, ny, nx]: Zyx,
  signal?: AbortSignal,
): Promise<void> {
  const { shapeZyx, dtype } = source.header
  const [, sy, sx] = shapeZyx
  const isWhole = sy * sx * BYTES_PER_VOXEL[dtype] <= WHOLE_PLANE_BYTES || bin < 4
  const plane = isWhole ? plainNumbers(await source.readBox([z, 0, 0], [1, sy, sx], signal), dtype) : null
  for (let y = 0; y < ny; y++) {
    const fileY = middleOf(y, bin, sy)
    const row = plane ?? plainNumbers(await source.readBox([z, fileY, 0], [1, 1, sx], signal), dtype)
    const from = plane ? fileY * sx : 0
    for (let x = 0; x < nx; x++) out[y * nx + x] = row[from + middleOf(x, bin, sx)]
  }
}

/** 0 … length − 1 so that whatever was taken so far lies evenly. */
export function coarseToFine(length: number): number[] {
  const order: number[] = []
  const seen = new Uint8Array(length)
  for (let step = 2 ** Math.ceil(Math.log2(Math.max(1, length))); step >= 1; step /= 2)
    for (let at = step >> 1; at < length; at += step)
      if (!seen[at]) {
        seen[at] = 1
        order.push(at)
      }
  for (let at = 0; at < length; at++) if (!seen[at]) order.push(at)
  return order
}

function fillUnread(values: Float64Array, isRead: Uint8Array, planeVoxels: number): void {
  for (let z = 0; z < isRead.length; z++) {
    if (isRead[z]) continue
    let distance = 1
    while (!isRead[z - distance] && !isRead[z + distance]) distance++
    const from = isRead[z - distance] ? z - distance : z + distance
    values.copyWithin(z * planeVoxels, from * planeVoxels, (from + 1) * planeVoxels)
  }
}

function histogramOf(voxels: Uint8Array): number[] {
  const counts = new Array<number>(256).fill(0)
  for (let i = 0; i < voxels.length; i++) counts[voxels[i]]++
  return counts
}
