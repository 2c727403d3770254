import { describe, expect, it } from 'vitest'
import type { Normalization } from '../../shared/contract/model-package.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import { manifestOf, SHAPE, valuesOf, volume } from '../test/run-here.ts'
import { prepareInput } from './prepare-input.ts'
import { NO_CACHE } from './statistics-cache.ts'

const plain = { use_nonzero_mask: false, invert_contrast: false }
const zscore: Normalization = { channel: 'a', scheme: 'zscore', ...plain }

/** Normalised first plane, and how often each plane was read before the network sees it. */
async function prepared(rule: Normalization) {
  const source = await openVolumeFile(await volume('a.mrc', SHAPE))
  const numReads = new Array<number>(SHAPE[0]).fill(0)
  const counted = (z: number, numPlanes: number) => {
    for (let i = z; i < z + numPlanes; i++) numReads[i]++
  }
  const watched: VoxelSource = {
    header: source.header,
    readSlab: (z, numPlanes, signal) => {
      counted(z, numPlanes)
      return source.readSlab(z, numPlanes, signal)
    },
    readBox: (start, shape, signal) => {
      counted(start[0], shape[0])
      return source.readBox(start, shape, signal)
    },
    close: () => source.close(),
  }
  const signal = new AbortController().signal
  const manifest = manifestOf({ normalization: [rule] })
  const input = await prepareInput({ sources: [watched], manifest, roi: null, cache: NO_CACHE, signal })
  const measured = [...numReads]
  const stream = await input.open()
  const planes = await stream.next(signal)
  await source.close()
  return { measured, values: planes.slice(0, SHAPE[1] * SHAPE[2]) }
}

describe('a volume is measured', () => {
  it('in one pass for z-scores', async () => {
    const { measured } = await prepared(zscore)
    expect(measured).toEqual(new Array(13).fill(1))
  })

  it('in two for exact percentiles, which are those of the sorted values', async () => {
    const rule: Normalization = { channel: 'a', scheme: 'percentile', low: 5, high: 95, ...plain }
    const { measured, values } = await prepared(rule)
    expect(measured).toEqual(new Array(13).fill(2))
    const sorted = Array.from(valuesOf(SHAPE)).sort((a, b) => a - b)
    const at = (share: number) => {
      const place = share * (sorted.length - 1)
      const below = sorted[Math.floor(place)]
      return below + (sorted[Math.ceil(place)] - below) * (place % 1)
    }
    const [low, high] = [at(0.05), at(0.95)]
    const expected = Array.from(valuesOf(SHAPE).slice(0, values.length), (value) => {
      const clipped = Math.min(Math.max(value, low), high)
      return (clipped - low) / (high - low)
    })
    expect(values.every((value, i) => Math.abs(value - expected[i]) < 1e-6)).toBe(true)
    expect(new Set(values).size).toBeGreaterThan(5)
  })
})
