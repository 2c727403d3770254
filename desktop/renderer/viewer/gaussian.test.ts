import { describe, expect, it } from 'vitest'
import { MOST_REACH, MOST_SIGMA_VOX, reachOf } from './gaussian.ts'

describe('the reach of a Gaussian', () => {
  it('holds all but the last part in five hundred of it', () => {
    for (const sigma of [0.5, 1, 1.7, 3, MOST_SIGMA_VOX]) {
      const reach = reachOf(sigma)
      const weights = Array.from({ length: 81 }, (_, i) => Math.exp(-0.5 * ((i - 40) / sigma) ** 2))
      const inside = weights.filter((_, i) => Math.abs(i - 40) <= reach).reduce((sum, one) => sum + one, 0)
      expect(inside / weights.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0.997)
    }
  })

  it('is nothing where the slice would stay as it is, and never longer than the loop', () => {
    expect(reachOf(0)).toBe(0)
    expect(reachOf(0.2)).toBe(0)
    expect(reachOf(100)).toBe(MOST_REACH)
  })
})
