import { describe, expect, it } from 'vitest'
import type { Normalization } from '../../shared/contract/model-package.ts'
import { RunningStatistics } from '../../shared/volume/running-statistics.ts'
import { makeNormaliser, sharesOf } from './normalise.ts'
import { QuantileFinder } from './quantile-finder.ts'

const VALUES = [4, -2, 0, 10, 7, 0, 3, 1]

function normalise(rule: Partial<Normalization> & { scheme: Normalization['scheme'] }, values = VALUES): number[] {
  const full = { channel: 'a', use_nonzero_mask: false, invert_contrast: false, ...rule } as Normalization
  const voxels = Float32Array.from(values)
  const statistics = new RunningStatistics(full.use_nonzero_mask)
  statistics.add(voxels)
  const quantiles = new QuantileFinder(sharesOf(full))
  quantiles.addFirst(voxels)
  quantiles.beginSecond()
  quantiles.addSecond(voxels)
  makeNormaliser(full, statistics.result(), (share) => quantiles.quantile(share))(voxels, null, voxels)
  return [...voxels]
}

function close(found: number[], expected: number[]): void {
  expect(found.length).toBe(expected.length)
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 5)
}

describe('normalisation', () => {
  const mean = VALUES.reduce((sum, value) => sum + value, 0) / VALUES.length
  const std = Math.sqrt(VALUES.reduce((sum, value) => sum + (value - mean) ** 2, 0) / VALUES.length)

  it('zscore uses the population deviation, and its mirror image when contrast is inverted', () => {
    close(
      normalise({ scheme: 'zscore' }),
      VALUES.map((value) => (value - mean) / std),
    )
    close(
      normalise({ scheme: 'zscore', invert_contrast: true }),
      VALUES.map((value) => (mean - value) / std),
    )
  })

  it('zscore over non-zero voxels leaves zeros alone', () => {
    const inside = VALUES.filter((value) => value !== 0)
    const m = inside.reduce((sum, value) => sum + value, 0) / inside.length
    const s = Math.sqrt(inside.reduce((sum, value) => sum + (value - m) ** 2, 0) / inside.length)
    close(
      normalise({ scheme: 'zscore', use_nonzero_mask: true }),
      VALUES.map((value) => (value === 0 ? 0 : (value - m) / s)),
    )
  })

  it('ct clips, then scales by the numbers of the model', () => {
    const rule = { scheme: 'ct', percentile_00_5: 0, percentile_99_5: 5, mean: 2, std: 4 } as const
    close(
      normalise(rule),
      VALUES.map((value) => (Math.min(5, Math.max(0, value)) - 2) / 4),
    )
  })

  it('rescale01 and percentile map to 0..1, percentile by the linear rule of numpy', () => {
    close(
      normalise({ scheme: 'rescale01' }),
      VALUES.map((value) => (value + 2) / 12),
    )
    // numpy.percentile([-2, 0, 0, 1, 3, 4, 7, 10], [25, 75]) = 0, 4.75
    const scaled = VALUES.map((value) => (Math.min(4.75, Math.max(0, value)) - 0) / 4.75)
    close(normalise({ scheme: 'percentile', low: 25, high: 75 }), scaled)
    close(
      normalise({ scheme: 'percentile', low: 25, high: 75, invert_contrast: true }),
      scaled.map((value) => 1 - value),
    )
  })

  it('does not divide by zero for a constant volume, and takes what is not finite as the mean', () => {
    expect(normalise({ scheme: 'zscore' }, [5, 5, 5])).toEqual([0, 0, 0])
    expect(normalise({ scheme: 'rescale01' }, [5, 5])).toEqual([0, 0])
    close(normalise({ scheme: 'zscore' }, [1, 3, Number.NaN, Number.POSITIVE_INFINITY]), [-1, 1, 0, 0])
    expect(normalise({ scheme: 'none' }, [1, Number.NaN, 3])).toEqual([1, 2, 3])
  })
})
