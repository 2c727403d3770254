import { describe, expect, it } from 'vitest'
import type { ModelManifest, Normalization } from '../../shared/contract/model-package.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { RunningStatistics } from '../../shared/volume/running-statistics.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { makeMrc } from '../test/make-mrc.ts'
import { manifestOf, saved } from '../test/run-here.ts'
import { croppedSource } from './cropped-source.ts'
import { measureInput, normaliserOf } from './measure-input.ts'
import { sliceAxis } from './model-grid.ts'
import { rangesOfBits } from './range-bits.ts'
import { RangeCollector } from './resampling/value-ranges.ts'

const SHAPE: Zyx = [9, 14, 17]
const BOX = { startZyx: [1, 2, 3], shapeZyx: [7, 10, 12] } as const
const signal = new AbortController().signal

/** Values in a box with zeros around them, a hole, zeros at its border and what is not finite. */
function framed(seed: number, isFramed: boolean): Float32Array {
  const values = new Float32Array(numVoxels(SHAPE))
  for (let at = 0, state = seed; at < values.length; at++) {
    const place = [Math.floor(at / (SHAPE[1] * SHAPE[2])), Math.floor(at / SHAPE[2]) % SHAPE[1], at % SHAPE[2]]
    const within = place.map((i, axis) => i - BOX.startZyx[axis])
    if (isFramed && within.some((i, axis) => i < 0 || i >= BOX.shapeZyx[axis])) continue
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const isHole = within[0] === 3 && within[1] === 4 && within[2] > 3 && within[2] < 7
    const isBay = within[0] === 0 && within[1] < 6 && within[2] > 8
    values[at] = isHole || isBay ? 0 : state % 97 === 0 ? Number.NaN : state / 2 ** 28 - (seed % 2 === 0 ? 20 : 4)
  }
  return values
}

async function sourcesOf(numChannels: number, isFramed = true) {
  const names = Array.from({ length: numChannels }, (_, i) => i)
  return Promise.all(
    names.map(async (i) => openVolumeFile(await saved(`${i}.mrc`, makeMrc(framed(i + 1, isFramed), SHAPE)))),
  )
}

const plain = { use_nonzero_mask: false, invert_contrast: false }
const RULES = [
  { scheme: 'zscore', ...plain },
  { scheme: 'zscore', ...plain, use_nonzero_mask: true },
  { scheme: 'percentile', low: 5, high: 95, ...plain },
  { scheme: 'ct', percentile_00_5: -3, percentile_99_5: 6, mean: 1, std: 2, ...plain },
  { scheme: 'rescale01', ...plain },
  { scheme: 'none', ...plain },
] as const
const SPACINGS: [number, number, number][] = [
  [20, 20, 20],
  [10, 50, 10],
  [10, 10, 50],
]

describe('the ranges that resampling clips to', () => {
  const cases = RULES.flatMap((rule) =>
    [true, false].flatMap((nonzero) =>
      [true, false].map((invert_contrast) => ({ rule: { ...rule, invert_contrast }, nonzero })),
    ),
  )
  it.each(cases)('are those of the normalised planes, though nobody looked: %j', async ({ rule, nonzero }) => {
    const sources = await sourcesOf(2)
    for (const target_zyx of SPACINGS) {
      const spacing = { target_zyx, unit: 'angstrom', policy: 'resample' } as const
      const normalization = sources.map((_, i): Normalization => ({ channel: `c${i}`, ...rule }))
      const manifest = manifestOf({ crop: { nonzero }, normalization, spacing })
      const { measure, mask } = await measureInput({ sources, manifest, signal })
      for (const [i, channel] of measure.channels.entries()) {
        const { header, readSlab } = croppedSource(sources[i], measure.box)
        const { shapeZyx } = header
        const clip = (['volume', 'rows', 'columns'] as const)[sliceAxis(manifest, header) ?? 0]
        const collected = new RangeCollector({ shapeZyx, clip } as ConstructorParameters<typeof RangeCollector>[0])
        for (let z = 0; z < shapeZyx[0]; z++) {
          const plane = Float32Array.from((await readSlab(z, 1)) as Float32Array)
          const part = { startZyx: [0, 0, 0] as const, shapeZyx }
          normaliserOf(normalization[i], channel)(
            plane,
            mask && rule.use_nonzero_mask ? mask.slab(part, z, 1) : null,
            plane,
          )
          collected.add(plane)
        }
        const found = rangesOfBits(channel.ranges)
        expect([...found.min]).toEqual([...collected.ranges.min])
        expect([...found.max]).toEqual([...collected.ranges.max])
      }
    }
    for (const source of sources) await source.close()
  })
})

describe('what is measured before the box is known', () => {
  const measured = async (change: Partial<ModelManifest>, numChannels = 1) => {
    const sources = await sourcesOf(numChannels)
    const found = await measureInput({ sources, manifest: manifestOf(change), signal })
    for (const source of sources) await source.close()
    return found
  }

  it.each([false, true])('is what the box holds, zeros included (mask: %s)', async (use_nonzero_mask) => {
    const normalization: Normalization[] = [{ channel: 'a', scheme: 'zscore', ...plain, use_nonzero_mask }]
    const { measure, mask } = await measured({ crop: { nonzero: true }, normalization })
    expect(measure.box).toEqual(BOX)
    const running = new RunningStatistics()
    const values = framed(1, true)
    const isIn = mask?.slab({ startZyx: [0, 0, 0], shapeZyx: BOX.shapeZyx }, 0, BOX.shapeZyx[0])
    const inBox = Float32Array.from({ length: numVoxels(BOX.shapeZyx) }, (_, i) => {
      const [, ny, nx] = BOX.shapeZyx
      const [z, y, x] = [Math.floor(i / (ny * nx)), Math.floor(i / nx) % ny, i % nx]
      return values[((z + 1) * SHAPE[1] + y + 2) * SHAPE[2] + x + 3]
    })
    running.add(inBox.filter((_, i) => isIn?.[i] !== 0))
    const { mean, std, ...counts } = running.result()
    expect(measure.channels[0].statistics).toMatchObject(counts)
    expect(measure.channels[0].statistics.mean).toBeCloseTo(mean, 12)
    expect(measure.channels[0].statistics.std).toBeCloseTo(std, 12)
  })

  it('counts the zeros of the box for exact percentiles', async () => {
    const rule = { scheme: 'percentile', low: 2, high: 60, ...plain } as const
    const { measure } = await measured({ crop: { nonzero: true }, normalization: [{ channel: 'a', ...rule }] })
    const numZeros =
      measure.channels[0].statistics.count - framed(1, true).filter((v) => v !== 0 && Number.isFinite(v)).length
    expect(numZeros).toBeGreaterThan(10)
    const sorted = framed(1, true)
      .filter((v) => v !== 0 && Number.isFinite(v))
      .sort()
    const below = sorted.filter((v) => v < 0).length
    const place = 0.6 * (measure.channels[0].statistics.count - 1)
    const at = (rank: number) => (rank < below ? sorted[rank] : rank < below + numZeros ? 0 : sorted[rank - numZeros])
    const [low, high] = [at(Math.floor(place)), at(Math.ceil(place))]
    expect(measure.channels[0].quantiles[1]).toEqual([0.6, low + (high - low) * (place % 1)])
  })
})
