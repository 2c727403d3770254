import { expect, it } from 'vitest'
import { QuantileFinder } from './quantile-finder.ts'

/** numpy.percentile, linear. */
function plainQuantile(values: number[], share: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  const position = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]]
  return low + (high - low) * (position - Math.floor(position))
}

it('finds the same quantiles as sorting, for values of both signs, ties, zeros and tiny ones, in chunks', () => {
  let state = 5
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  for (const size of [1, 2, 7, 1000, 30_001]) {
    const values = Float32Array.from({ length: size }, (_, i) =>
      i % 5 === 0 ? 3 : i % 7 === 0 ? 0 : (random() - 0.5) * 10 ** (random() * 12 - 6),
    )
    if (size > 100) values.set([Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-42], 10)
    const shares = [0, 0.005, 0.25, 0.5, 0.995, 1]
    const finder = new QuantileFinder(shares)
    const chunks = [values.subarray(0, 17), values.subarray(17)]
    for (const chunk of chunks) finder.addFirst(chunk)
    finder.beginSecond()
    for (const chunk of chunks) finder.addSecond(chunk)
    for (const share of shares) expect(finder.quantile(share)).toBeCloseTo(plainQuantile([...values], share), 6)
  }
})

it('has a number for no values at all', () => {
  const finder = new QuantileFinder([0.5])
  finder.beginSecond()
  expect(finder.quantile(0.5)).toBe(0)
})
