import { describe, expect, it } from 'vitest'
import { ArgmaxBands } from './argmax-bands.ts'
import { makeArgmaxDecoder } from './decode-argmax.ts'
import type { PlaneWindow, WeightOf } from './plane-window.ts'

function random(seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function padded(numChannels: number, { paddedYx, belowYx, sizeYx }: PlaneWindow, padding: number) {
  const next = random(numChannels)
  const [py, px] = paddedYx
  const isInside = (y: number, x: number) =>
    y >= belowYx[0] && y < belowYx[0] + sizeYx[0] && x >= belowYx[1] && x < belowYx[1] + sizeYx[1]
  return Float32Array.from({ length: numChannels * py * px }, (_, i) => {
    const value = 20 * next() - 10
    return isInside(Math.floor(i / px) % py, i % px) ? value : padding
  })
}

/** What lies in the window alone, as a plane of its own. */
function cut(sums: Float32Array, numChannels: number, { paddedYx, belowYx, sizeYx }: PlaneWindow): Float32Array {
  const [py, px] = paddedYx
  const [sy, sx] = sizeYx
  return Float32Array.from({ length: numChannels * sy * sx }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / (sy * sx)), Math.floor(i / sx) % sy, i % sx]
    return sums[(channel * py + y + belowYx[0]) * px + x + belowYx[1]]
  })
}

function decode(values: number[], sums: Float32Array, weights: WeightOf, window: PlaneWindow, isWide = false) {
  const numVox = window.sizeYx[0] * window.sizeYx[1]
  const newLabels = () => (isWide ? new Uint16Array(numVox) : new Uint8Array(numVox))
  const into = { labels: newLabels(), probability: new Uint8Array(numVox), candidate: newLabels() }
  makeArgmaxDecoder(values)(sums, weights, window, into)
  return into
}

const weights: WeightOf = (y, x) => 0.5 + y + 3 * x
const VALUES = [0, 3, 7]

describe('the window of a padded plane', () => {
  // The last is larger than a band, and its last band is not full.
  it.each([
    { paddedYx: [6, 9], belowYx: [1, 2], sizeYx: [4, 5] },
    { paddedYx: [7, 8], belowYx: [0, 3], sizeYx: [7, 5] },
    { paddedYx: [1, 1], belowYx: [0, 0], sizeYx: [1, 1] },
    { paddedYx: [95, 203], belowYx: [1, 1], sizeYx: [93, 201] },
  ] as PlaneWindow[])('is decoded as if it were a plane of its own: %j', (window) => {
    const [by, bx] = window.belowYx
    const ofWindow: WeightOf = (y, x) => weights(y + by, x + bx)
    const alone = { paddedYx: window.sizeYx, belowYx: [0, 0], sizeYx: window.sizeYx } as const
    const inside = cut(padded(3, window, 1), 3, window)
    const expected = decode(VALUES, inside, ofWindow, alone)
    expect(new Set(expected.labels).size).toBeGreaterThan(window.sizeYx[0] > 1 ? 2 : 0)
    for (const padding of [1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(decode(VALUES, padded(3, window, padding), weights, window)).toEqual(expected)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d in it', (value) => {
    const window: PlaneWindow = { paddedYx: [40, 50], belowYx: [0, 0], sizeYx: [40, 50] }
    const sums = padded(3, window, 0)
    sums[2 * 2000 + 1999] = value
    expect(() => decode(VALUES, sums, weights, window)).toThrow(expect.objectContaining({ code: 'output_not_finite' }))
    const labels = new Uint8Array(2000)
    expect(() =>
      makeArgmaxDecoder(VALUES)(sums, weights, window, { labels, probability: null, candidate: null }),
    ).toThrow(expect.objectContaining({ code: 'output_not_finite' }))
  })
})

it('gives labels of two bytes whole', () => {
  const window: PlaneWindow = { paddedYx: [30, 31], belowYx: [0, 0], sizeYx: [30, 31] }
  const sums = padded(3, window, 0)
  const narrow = decode(VALUES, sums, weights, window)
  const wide = decode([0, 40_000, 65_535], sums, weights, window, true)
  const asWide = (labels: ArrayLike<number>) =>
    Array.from(labels, (label) => [0, 40_000, 65_535][VALUES.indexOf(label)])
  expect([...wide.labels]).toEqual(asWide(narrow.labels))
  expect([...wide.candidate]).toEqual(asWide(narrow.candidate))
  expect(wide.probability).toEqual(narrow.probability)
})

it('has a kernel on this processor, and asks for exact powers now and then', () => {
  const window: PlaneWindow = { paddedYx: [200, 200], belowYx: [0, 0], sizeYx: [200, 200] }
  let numExact = 0
  const bands = new ArgmaxBands(VALUES, () => {
    numExact++
    return { label: 0, candidate: 0, probability: 0 }
  })
  const numVox = 40_000
  const into = {
    labels: new Uint8Array(numVox),
    probability: new Uint8Array(numVox),
    candidate: new Uint8Array(numVox),
  }
  expect(bands.decode(padded(3, window, 0), () => 1, window, into)).toBe(true)
  expect(numExact).toBeGreaterThan(0)
  expect(numExact).toBeLessThan(numVox / 100)
})
