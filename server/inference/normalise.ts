import type { Normalization } from '../../shared/contract/model-package.ts'
import type { ValueStatistics } from '../../shared/volume/running-statistics.ts'
import type { ValueArray } from '../../shared/volume/voxel-values.ts'

/**
 * Normalises voxels, in float32 as nnU-Net does. Non-finite voxels become the mean of the finite ones first.
 * @param mask 1 where z-scores are taken, for rules that use a mask; null: where the voxel is not zero
 * @param into where they go: an array of their number; it may be the voxels themselves
 */
export type Normaliser = (voxels: ValueArray, mask: Uint8Array | null, into: Float32Array) => void

/** True where a rule takes its statistics over non-zero voxels and leaves the others as they are. */
export function isMasked(rule: Normalization): boolean {
  return rule.scheme === 'zscore' && rule.use_nonzero_mask
}

/** Value below which a share (0 to 1) of the voxels lies. */
export type QuantileOf = (share: number) => number

/** Quantiles that a normalisation will ask for, before its contrast is inverted. */
export function sharesOf(rule: Normalization): number[] {
  if (rule.scheme !== 'percentile') return []
  const shares = [rule.low / 100, rule.high / 100]
  return rule.invert_contrast ? shares.map((share) => 1 - share) : shares
}

/** Least standard deviation that is divided by: nnU-Net's guard for constant volumes. */
const LEAST_STD = 1e-8

/**
 * The normalisation that a model asks for, as a function over float32 voxels.
 * @param statistics of the whole volume, contrast not yet inverted
 * @param quantile of the whole volume, contrast not yet inverted; only asked for by percentile normalisation
 * @see nnunetv2/preprocessing/normalization/default_normalization_schemes.py
 */
export function makeNormaliser(rule: Normalization, statistics: ValueStatistics, quantile: QuantileOf): Normaliser {
  const isInverted = rule.invert_contrast
  // The share-quantile of −v is minus the (1 − share)-quantile of v.
  const quantileShown: QuantileOf = (share) => (isInverted ? -quantile(1 - share) : quantile(share))
  const scale = scaleOf(rule, isInverted ? inverted(statistics) : statistics, quantileShown)
  // Most volumes need no look at each voxel first.
  if (!isInverted && statistics.nonfinite === 0) return scale
  return (voxels, mask, into) => {
    show(voxels, isInverted ? -1 : 1, statistics.mean, into)
    scale(into, mask, into)
  }
}

/** The values with a sign, and a filler with it where they are not finite. */
function show(voxels: ValueArray, sign: 1 | -1, filler: number, into: Float32Array): void {
  for (let i = 0; i < voxels.length; i++) {
    const value = voxels[i]
    into[i] = sign * (value - value === 0 ? value : filler)
  }
}

function inverted(statistics: ValueStatistics): ValueStatistics {
  return { ...statistics, mean: -statistics.mean, min: -statistics.max, max: -statistics.min }
}

function scaleOf(rule: Normalization, statistics: ValueStatistics, quantile: QuantileOf): Normaliser {
  const { min, max } = statistics
  switch (rule.scheme) {
    case 'zscore':
      return zscore(statistics, rule.use_nonzero_mask)
    case 'ct':
      return clipAndScale(rule.percentile_00_5, rule.percentile_99_5, rule.mean, rule.std)
    case 'rescale01':
      return clipAndScale(min, max, min, max - min)
    case 'none':
      return (voxels, _, into) => into.set(voxels)
    case 'percentile': {
      const [low, high] = [quantile(rule.low / 100), quantile(rule.high / 100)]
      return clipAndScale(low, high, low, high - low)
    }
  }
}

function zscore(statistics: ValueStatistics, isNonzeroOnly: boolean): Normaliser {
  const mean = Math.fround(statistics.mean)
  const std = Math.fround(Math.max(statistics.std, LEAST_STD))
  if (!isNonzeroOnly)
    return (voxels, _, into) => {
      for (let i = 0; i < voxels.length; i++) into[i] = Math.fround(voxels[i] - mean) / std
    }
  return (voxels, mask, into) => {
    for (let i = 0; i < voxels.length; i++) {
      const isLeft = mask ? mask[i] === 0 : voxels[i] === 0
      into[i] = isLeft ? voxels[i] : Math.fround(voxels[i] - mean) / std
    }
  }
}

function clipAndScale(low: number, high: number, offset: number, divisor: number): Normaliser {
  const offset32 = Math.fround(offset)
  const divisor32 = Math.fround(Math.max(divisor, LEAST_STD))
  return (voxels, _, into) => {
    for (let i = 0; i < voxels.length; i++) {
      const clipped = Math.fround(Math.min(Math.max(voxels[i], low), high))
      into[i] = Math.fround(clipped - offset32) / divisor32
    }
  }
}
