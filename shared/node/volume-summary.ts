import { createHash } from 'node:crypto'
import type { OpenedVolume } from '../formats/raw-voxel-source.ts'
import { boxesInOrder } from '../volume/boxes-in-order.ts'
import type { VoxelArray } from '../volume/dtype.ts'
import type { VolumeHeader } from '../volume/header.ts'
import { RunningStatistics } from '../volume/running-statistics.ts'
import { halfToNumber } from '../volume/voxel-values.ts'

/** Statistics of the finite voxels of the first volume, in file units; null where none is finite. */
export interface VolumeStatistics {
  min: number | null
  max: number | null
  mean: number | null
  /** Population standard deviation. */
  std: number | null
  nonfinite: number
}

/** Voxels handled at once. */
const CHUNK_VOXELS = 4 * 1024 * 1024

/** SHA-256 of all voxels of a file: stored type, little-endian, x fastest, MRC axes in z, y, x order. */
export async function hashVoxels(volume: OpenedVolume, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of volume.allVoxels(signal))
    hash.update(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  return hash.digest('hex')
}

/** Statistics of the first volume in one pass. */
export async function measureVolume(volume: OpenedVolume, signal?: AbortSignal): Promise<VolumeStatistics> {
  const statistics = new RunningStatistics()
  const readValue = valueReader(volume.header)
  for (const { startZyx, shapeZyx } of boxesInOrder(volume.header.shapeZyx, CHUNK_VOXELS))
    statistics.add(valuesOf(await volume.readBox(startZyx, shapeZyx, signal), readValue))
  const { count, nonfinite, min, max, mean, std } = statistics.result()
  if (count === 0) return { min: null, max: null, mean: null, std: null, nonfinite }
  return { min, max, mean, std, nonfinite }
}

/** Values of stored voxels in float64. */
export function valuesOf(stored: VoxelArray, readValue: (stored: number | bigint) => number): Float64Array {
  const values = new Float64Array(stored.length)
  for (let i = 0; i < values.length; i++) values[i] = readValue(stored[i])
  return values
}

/** How a stored voxel becomes a value in file units, in float64. */
export function valueReader({
  dtype,
  scaling,
}: Pick<VolumeHeader, 'dtype' | 'scaling'>): (stored: number | bigint) => number {
  const plain =
    dtype === 'float16'
      ? (stored: number | bigint) => halfToNumber(Number(stored))
      : (stored: number | bigint) => Number(stored)
  if (scaling === null) return plain
  const { slope, intercept } = scaling
  return (stored) => plain(stored) * slope + intercept
}
