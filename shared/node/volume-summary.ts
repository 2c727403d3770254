import { createHash } from 'node:crypto'
import type { OpenedVolume } from '../formats/raw-voxel-source.ts'
import type { VoxelArray } from '../volume/dtype.ts'
import type { VolumeHeader } from '../volume/header.ts'
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

/** Planes handled at once, in voxels. */
const CHUNK_VOXELS = 4 * 1024 * 1024

/** SHA-256 of all voxels of a file: stored type, little-endian, x fastest, MRC axes in z, y, x order. */
export async function hashVoxels(volume: OpenedVolume, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of volume.allVoxels(signal))
    hash.update(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  return hash.digest('hex')
}

/** Statistics in one pass, summed in float64 around the first finite value so that large offsets cost no digits. */
export async function measureVolume(volume: OpenedVolume, signal?: AbortSignal): Promise<VolumeStatistics> {
  const [nz, ny, nx] = volume.header.shapeZyx
  const chunk = Math.max(1, Math.floor(CHUNK_VOXELS / (ny * nx)))
  const sums: Sums = {
    count: 0,
    nonfinite: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    shift: null,
    sum: 0,
    squares: 0,
  }
  const readValue = valueReader(volume.header)
  for (let z = 0; z < nz; z += chunk)
    addValues(sums, await volume.readSlab(z, Math.min(chunk, nz - z), signal), readValue)
  const { count, nonfinite, min, max, shift, sum, squares } = sums
  if (count === 0) return { min: null, max: null, mean: null, std: null, nonfinite }
  const mean = sum / count
  return { min, max, mean: mean + (shift ?? 0), std: Math.sqrt(Math.max(0, squares / count - mean * mean)), nonfinite }
}

interface Sums {
  count: number
  nonfinite: number
  min: number
  max: number
  shift: number | null
  sum: number
  squares: number
}

function addValues(sums: Sums, voxels: VoxelArray, readValue: (stored: number | bigint) => number): void {
  for (const stored of voxels) {
    const value = readValue(stored)
    if (value - value !== 0) {
      sums.nonfinite++
      continue
    }
    sums.shift ??= value
    const centred = value - sums.shift
    sums.count++
    sums.sum += centred
    sums.squares += centred * centred
    if (value < sums.min) sums.min = value
    if (value > sums.max) sums.max = value
  }
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
