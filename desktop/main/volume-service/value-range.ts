import type { VoxelSource } from '../../../shared/volume/header.ts'
import type { ValueRange, ValueScaling } from './block-mean.ts'
import { levelBoxes } from './level-plan.ts'
import { plainNumbers } from './plain-numbers.ts'

// 500,000 voxels: the tails are 250 each, and sorting takes a few hundredths of a second.
const MAX_SORTED = 500_000
// Wide enough that only stray voxels are cut off, narrow enough that 256 steps show the rest.
const CUT_SHARE = 0.0005
const READ_VOXELS = 4 * 1024 * 1024

/**
 * The range of file values that levels spread over their 256 codes: robust percentiles of a sample. Where the sample
 * holds a single value the whole file is read for its smallest and largest one, so that nothing rare is lost.
 * @param sample voxels before scaling; those that are not finite do not count
 */
export async function robustRange(
  source: VoxelSource,
  sample: Float64Array,
  { slope, intercept }: ValueScaling,
  signal?: AbortSignal,
): Promise<ValueRange> {
  const sorted = thinned(sample).sort()
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] * slope + intercept
  const found =
    sorted.length > 0 ? (orderedRange(at(CUT_SHARE), at(1 - CUT_SHARE)) ?? orderedRange(at(0), at(1))) : null
  if (found) return found
  const [least, most] = (await extremes(source, signal)).map((value) => value * slope + intercept)
  if (!Number.isFinite(least)) return { low: 0, high: 1 }
  return orderedRange(least, most) ?? { low: least, high: least + 1 }
}

function orderedRange(a: number, b: number): ValueRange | null {
  return a === b ? null : { low: Math.min(a, b), high: Math.max(a, b) }
}

function thinned(sample: Float64Array): Float64Array {
  // Odd, so that it does not fall in step with the rows of a plane.
  const stride = Math.max(1, Math.ceil(sample.length / MAX_SORTED)) | 1
  const found = new Float64Array(Math.ceil(sample.length / stride))
  let count = 0
  for (let i = 0; i < sample.length; i += stride) if (Number.isFinite(sample[i])) found[count++] = sample[i]
  return found.subarray(0, count)
}

async function extremes(source: VoxelSource, signal?: AbortSignal): Promise<[number, number]> {
  const { shapeZyx, dtype } = source.header
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const box of levelBoxes(shapeZyx, 8, READ_VOXELS)) {
    const values = plainNumbers(await source.readBox(box.startZyx, box.shapeZyx, signal), dtype)
    for (let i = 0; i < values.length; i++) {
      if (values[i] - values[i] !== 0) continue
      if (values[i] < least) least = values[i]
      if (values[i] > most) most = values[i]
    }
  }
  return [least, most]
}
