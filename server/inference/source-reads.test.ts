import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ModelManifest, Normalization } from '../../shared/contract/model-package.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { manifestOf, volume } from '../test/run-here.ts'
import type { VoxelBox } from './cropped-source.ts'
import { prepareInput } from './prepare-input.ts'
import { NO_CACHE, type StatisticsCache } from './statistics-cache.ts'

const SHAPE: Zyx = [13, 22, 31]

/** An object with a hole, with zeros around it on every side. */
function framed(seed: number): Int16Array {
  const values = new Int16Array(numVoxels(SHAPE))
  for (let z = 2, state = seed; z < 11; z++)
    for (let y = 3; y < 20; y++)
      for (let x = 4; x < 27; x++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        const isHole = z === 6 && y === 9 && x > 9 && x < 15
        values[(z * SHAPE[1] + y) * SHAPE[2] + x] = isHole ? 0 : 1 + (state >>> 27)
      }
  return values
}

const zscore = { scheme: 'zscore', use_nonzero_mask: false, invert_contrast: false } as const
const masked = { ...zscore, use_nonzero_mask: true }
const percentile = { ...zscore, scheme: 'percentile', low: 5, high: 95 } as const
const crop = { nonzero: true }
const spacing: ModelManifest['spacing'] = { target_zyx: [20, 20, 20], unit: 'angstrom', policy: 'resample' }
/** Coarse along the second axis of the run, which is then resampled apart from the others. */
const flat: ModelManifest['spacing'] = { target_zyx: [10, 50, 10], unit: 'angstrom', policy: 'resample' }

type Rule = typeof zscore | typeof masked | typeof percentile

function manifestWith(rules: Rule[], change: Partial<ModelManifest>): ModelManifest {
  const normalization = rules.map((rule, i): Normalization => ({ channel: `c${i}`, ...rule }))
  return manifestOf({ ...change, normalization })
}

interface Reading {
  seeds?: number[]
  cache?: StatisticsCache
  roi?: VoxelBox
}

/** Most times that a plane was read, from the first look at the volume to the last plane for the network, and a hash. */
async function read(manifest: ModelManifest, { seeds = [1], cache = NO_CACHE, roi }: Reading = {}) {
  const counts = seeds.map(() => new Array<number>(SHAPE[0]).fill(0))
  const sources = await Promise.all(
    seeds.map(async (seed, i) =>
      counted(await openVolumeFile(await volume(`${i}.mrc`, SHAPE, framed(seed))), counts[i]),
    ),
  )
  const signal = new AbortController().signal
  const input = await prepareInput({ sources, manifest, roi: roi ?? null, cache, signal })
  const stream = await input.open()
  const hash = createHash('sha256')
  for (let z = 0; z < stream.shapeZyx[0]; z++) hash.update(Uint8Array.from(bytesOf(await stream.next(signal))))
  for (const source of sources) await source.close()
  return { numReads: Math.max(...counts.flat()), hash: hash.digest('hex') }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function counted(source: VoxelSource, counts: number[]): VoxelSource {
  const count = (from: number, numPlanes: number) => {
    for (let z = from; z < from + numPlanes; z++) counts[z]++
  }
  return {
    header: source.header,
    readSlab: (z, numPlanes, signal) => {
      count(z, numPlanes)
      return source.readSlab(z, numPlanes, signal)
    },
    readBox: (start, shape, signal) => {
      count(start[0], shape[0])
      return source.readBox(start, shape, signal)
    },
    close: () => source.close(),
  }
}

describe('a plane of the volume is read', () => {
  it.each<[string, number, Rule[], Partial<ModelManifest>]>([
    ['plain z-score', 2, [zscore], {}],
    ['crop', 2, [zscore], { crop }],
    ['crop and mask', 2, [masked], { crop }],
    ['resampling', 2, [zscore], { spacing }],
    ['resampling with a separate axis in the plane', 2, [zscore], { spacing: flat }],
    ['crop, mask and resampling', 2, [masked], { crop, spacing }],
    ['crop, mask and resampling with a separate axis in the plane', 2, [masked], { crop, spacing: flat }],
    ['two channels', 2, [zscore, zscore], {}],
    ['two channels, crop, mask and resampling', 2, [masked, masked], { crop, spacing }],
    ['exact percentiles', 3, [percentile], {}],
    ['exact percentiles, crop and resampling', 3, [percentile], { crop, spacing }],
  ])('for %s: %i times', async (_name, times, rules, change) => {
    const seeds = rules.map((_, i) => i + 1)
    expect((await read(manifestWith(rules, change), { seeds })).numReads).toBe(times)
  })

  const roi: VoxelBox = { startZyx: [3, 4, 5], shapeZyx: [6, 12, 14] }
  it.each<[string, number, number, Rule[], Partial<ModelManifest>, VoxelBox?]>([
    ['z-score and resampling', 2, 1, [zscore], { spacing }],
    ['crop, mask and resampling: the mask is not kept', 2, 2, [masked], { crop, spacing: flat }],
    ['exact percentiles', 3, 1, [percentile], { crop }],
    ['a region that is resampled, which has ranges of its own', 3, 1, [zscore], { spacing }, roi],
  ])(
    'with a cache for %s: %i times, then %i, with the same bytes',
    async (_name, first, then, rules, change, region) => {
      const kept = new Map<string, string>()
      const cache: StatisticsCache = {
        get: async (name, make) => {
          const known = kept.get(name)
          if (known !== undefined) return JSON.parse(known)
          const value = await make()
          kept.set(name, JSON.stringify(value))
          return value
        },
      }
      const manifest = manifestWith(rules, change)
      const runs = [await read(manifest, { cache, roi: region }), await read(manifest, { cache, roi: region })]
      expect(runs.map(({ numReads }) => numReads)).toEqual([first, then])
      const { hash } = await read(manifest, { roi: region })
      expect(runs.map((one) => one.hash)).toEqual([hash, hash])
    },
  )
})
