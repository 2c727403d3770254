import { describe, expect, it } from 'vitest'
import { makePaintingDecoder, type PaintedChannels } from './decode-painted.ts'
import type { PlaneWindow, WeightOf } from './plane-window.ts'

const WINDOW: PlaneWindow = { paddedYx: [33, 47], belowYx: [2, 3], sizeYx: [29, 40] }
const CHANNEL_VOX = 33 * 47
const weights: WeightOf = (y, x) => 0.25 + ((y * 7 + x * 3) % 11)

function random(seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const isInside = (y: number, x: number) => y >= 2 && y < 31 && x >= 3 && x < 43

/** Weighted sums of means from `low` to `high`; the padding is not finite. */
function sumsOf(numChannels: number, low: number, high: number): Float32Array {
  const next = random(numChannels)
  return Float32Array.from({ length: numChannels * CHANNEL_VOX }, (_, i) => {
    const [y, x] = [Math.floor(i / 47) % 33, i % 47]
    return isInside(y, x) ? (low + (high - low) * next()) * weights(y, x) : Number.NaN
  })
}

function decode(painted: PaintedChannels, sums: Float32Array, isWide: boolean) {
  const newLabels = () => (isWide ? new Uint16Array(29 * 40) : new Uint8Array(29 * 40))
  const into = { labels: newLabels(), probability: new Uint8Array(29 * 40), candidate: newLabels() }
  makePaintingDecoder(painted)(sums, weights, WINDOW, into)
  const alone = { labels: newLabels(), probability: null, candidate: null }
  makePaintingDecoder(painted)(sums, weights, WINDOW, alone)
  expect(alone.labels).toEqual(into.labels)
  return { labels: [...into.labels], probability: [...into.probability], candidate: [...into.candidate] }
}

function byDefinition({ values, cut, isLogit }: PaintedChannels, sums: Float32Array) {
  const found = { labels: [] as number[], probability: [] as number[], candidate: [] as number[] }
  for (let y = 2; y < 31; y++)
    for (let x = 3; x < 43; x++) {
      const means = values.map((_, channel) => sums[channel * CHANNEL_VOX + y * 47 + x] / weights(y, x))
      const painted = means.findLastIndex((mean) => mean > cut)
      const foreground = [...values.keys()].filter((channel) => values[channel] !== 0)
      const strongest = foreground.reduce((best, channel) => (means[channel] > means[best] ? channel : best))
      const label = painted < 0 ? 0 : values[painted]
      const graded = label === 0 ? strongest : painted
      const p = isLogit ? 1 / (1 + Math.exp(-means[graded])) : means[graded]
      found.labels.push(label)
      found.candidate.push(values[graded])
      found.probability.push(Math.round(255 * Math.min(1, Math.max(0, p))))
    }
  return found
}

describe('channels painted over each other have the bytes of their definition', () => {
  it.each([
    { values: [1], cut: 0, isLogit: true },
    { values: [1], cut: Math.log(0.9 / 0.1), isLogit: true },
    { values: [300], cut: 0.5, isLogit: false },
    { values: [2, 3, 1], cut: 0, isLogit: true },
    { values: [2, 3, 1], cut: 0.5, isLogit: false },
    { values: [1, 0, 2], cut: 0, isLogit: true },
    { values: [4, 5, 4], cut: 0, isLogit: true },
    { values: [4, 5, 60_000], cut: 0, isLogit: true },
  ])('%j', (painted) => {
    const [low, high] = painted.isLogit ? [-8, 8] : [-0.2, 1.2]
    const sums = sumsOf(painted.values.length, low, high)
    const found = decode(painted, sums, Math.max(...painted.values) > 255)
    expect(found).toEqual(byDefinition(painted, sums))
    expect(new Set(found.labels)).toEqual(new Set([0, ...painted.values]))
    expect(new Set(found.probability).size).toBeGreaterThan(100)
  })
})

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d in the volume', (value) => {
  const sums = sumsOf(2, -1, 1)
  sums[CHANNEL_VOX + 30 * 47 + 42] = value
  expect(() => decode({ values: [1, 2], cut: 0, isLogit: true }, sums, false)).toThrow(
    expect.objectContaining({ code: 'output_not_finite' }),
  )
})
