import { expect, it } from 'vitest'
import { sigmoid255 } from './sigmoid-255.ts'

const byDefinition = (logit: number) => Math.round(255 * (1 / (1 + Math.exp(-logit))))

/** The numbers around one: those that double precision has next to it, and a little further away. */
function around(value: number): number[] {
  const ulp = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 52)
  return [0, 1, 2, 5, 1e3, 1e6, 5e6, 1e9].flatMap((n) => [value - n * ulp, value + n * ulp])
}

it('is the definition where the grade changes', () => {
  const grades = new Set<number>()
  for (let k = 0; k < 255; k++)
    for (const logit of around(Math.log((k + 0.5) / (254.5 - k)))) {
      expect(sigmoid255(logit)).toBe(byDefinition(logit))
      grades.add(sigmoid255(logit))
    }
  expect(grades.size).toBe(256)
})

it('is the definition at the ends of its steps and everywhere between', () => {
  for (let step = -810; step <= 810; step++)
    for (const logit of [...around(step / 128), (step + 0.37) / 128])
      expect(sigmoid255(logit)).toBe(byDefinition(logit))
})

it.each([
  [Number.NEGATIVE_INFINITY, 0],
  [-1e300, 0],
  [-7, 0],
  [0, 128],
  [7, 255],
  [1e300, 255],
  [Number.POSITIVE_INFINITY, 255],
])('of %d is %d', (logit, expected) => {
  expect(sigmoid255(logit)).toBe(expected)
})
