import { expect, it } from 'vitest'
import { AxisResampler } from './axis-resampler.ts'
import { axisTaps, EDGE_VOX } from './spline.ts'

function resampled(line: number[], newSize: number, order: number): number[] {
  const out = new Float64Array(newSize)
  new AxisResampler(line.length, newSize, 1, order).run(Float64Array.from(line), out)
  return [...out]
}

/**
 * Value of the cubic or quadratic spline at a point by solving for all coefficients of the line padded by 40 edge values,
 * without a recursive filter: the slow way to the same number.
 */
function splineAt(line: number[], at: number, order: number): number {
  const pad = 40
  const padded = Array.from(
    { length: line.length + 2 * pad },
    (_, i) => line[Math.min(Math.max(i - pad, 0), line.length - 1)],
  )
  const [side, middle] = order === 3 ? [1 / 6, 4 / 6] : [1 / 8, 6 / 8]
  let coefficients = padded
  for (let round = 0; round < 200; round++) {
    const now = coefficients
    coefficients = padded.map((value, i) => (value - side * ((now[i - 1] ?? now[i]) + (now[i + 1] ?? now[i]))) / middle)
  }
  return coefficients.reduce((sum, value, i) => sum + value * basis(order, at + pad - i), 0)
}

function basis(order: number, distance: number): number {
  const d = Math.abs(distance)
  if (order === 3) return d < 1 ? 2 / 3 - d * d + d ** 3 / 2 : d < 2 ? (2 - d) ** 3 / 6 : 0
  return d < 0.5 ? 0.75 - d * d : d < 1.5 ? (1.5 - d) ** 2 / 2 : 0
}

const LINE = [3, -1, 4, 1, -5, 9, 2]

it.each([2, 3])('agrees with the spline found by solving for its coefficients, order %i', (order) => {
  for (let newSize = 1; newSize <= 17; newSize++) {
    const expected = Array.from({ length: newSize }, (_, i) => splineAt(LINE, ((i + 0.5) * 7) / newSize - 0.5, order))
    resampled(LINE, newSize, order).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 10)
    })
  }
})

it.each([0, 1, 2, 3])('gives a line back on its own grid and keeps a single value, order %i', (order) => {
  resampled(LINE, LINE.length, order).forEach((value, i) => {
    expect(value).toBeCloseTo(LINE[i], 12)
  })
  for (const value of resampled([7], 5, order)) expect(value).toBeCloseTo(7, 12)
})

it('holds the edge value beyond the first and last sample at order 1', () => {
  expect(resampled([0, 4], 4, 1)).toEqual([0, 1, 3, 4])
})

it('takes the upper neighbour half way between two samples at order 0', () => {
  expect(resampled([0, 1, 2, 3], 2, 0)).toEqual([1, 3])
  expect(resampled([0, 1], 5, 0)).toEqual([0, 0, 1, 1, 1])
})

it('has weights that sum to one and taps no further out than the edges allow', () => {
  for (const order of [0, 1, 2, 3]) {
    for (const [size, newSize] of [
      [1, 9],
      [9, 1],
      [7, 5],
      [5, 64],
    ]) {
      const { first, weights, numTaps } = axisTaps(size, newSize, order)
      expect(Math.min(...first)).toBeGreaterThanOrEqual(order > 1 ? -EDGE_VOX : 0)
      expect(Math.max(...first) + numTaps - 1).toBeLessThan(size + (order > 1 ? EDGE_VOX : 1))
      for (let i = 0; i < newSize; i++) {
        const own = weights.subarray(i * numTaps, (i + 1) * numTaps)
        expect(own.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 14)
      }
    }
  }
})
