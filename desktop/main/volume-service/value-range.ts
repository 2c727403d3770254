import type { VoxelSource } from '../../../shared/volume/header.ts'
import type { ValueRange } from './block-mean.ts'
import { plainNumbers } from './plain-numbers.ts'

const MAX_PLANES = 24
// 2 M voxels: percentiles to better than 0.1 % and sorted within half a second.
const MAX_SAMPLE = 2_000_000
// Wide enough that only stray voxels are cut off, narrow enough that 256 steps show the rest.
const CUT_SHARE = 0.0005

/** The range of file values that a level spreads over its 256 codes: robust percentiles of planes taken evenly. */
export async function robustRange(source: VoxelSource, signal?: AbortSignal): Promise<ValueRange> {
  const { slope, intercept } = source.header.scaling ?? { slope: 1, intercept: 0 }
  const sample = (await sampleValues(source, signal)).sort()
  if (sample.length === 0) return { low: 0, high: 1 }
  const at = (share: number) => sample[Math.round(share * (sample.length - 1))] * slope + intercept
  return orderedRange(at(CUT_SHARE), at(1 - CUT_SHARE)) ?? orderedRange(at(0), at(1)) ?? { low: at(0), high: at(0) + 1 }
}

function orderedRange(a: number, b: number): ValueRange | null {
  return a === b ? null : { low: Math.min(a, b), high: Math.max(a, b) }
}

/** Finite voxels of some planes, before scaling. */
async function sampleValues(source: VoxelSource, signal?: AbortSignal): Promise<Float64Array> {
  const { shapeZyx, dtype } = source.header
  const numPlanes = Math.min(shapeZyx[0], MAX_PLANES)
  const planeVoxels = shapeZyx[1] * shapeZyx[2]
  const stride = Math.max(1, Math.ceil((planeVoxels * numPlanes) / MAX_SAMPLE))
  const found = new Float64Array(Math.ceil(planeVoxels / stride) * numPlanes)
  let count = 0
  for (let index = 0; index < numPlanes; index++) {
    const z = Math.floor(((index + 0.5) * shapeZyx[0]) / numPlanes)
    const plane = plainNumbers(await source.readSlab(z, 1, signal), dtype)
    for (let i = index % stride; i < plane.length; i += stride) if (Number.isFinite(plane[i])) found[count++] = plane[i]
  }
  return found.subarray(0, count)
}
