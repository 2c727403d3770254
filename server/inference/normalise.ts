import type { Normalization } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ChannelStatistics } from './channel-statistics.ts'

/** Normalises voxels in place, in float32 as nnU-Net does. Non-finite voxels become the mean of the finite ones first. */
export type Normaliser = (voxels: Float32Array) => void

/** Least standard deviation that is divided by: nnU-Net's guard for constant volumes. */
const LEAST_STD = 1e-8

/**
 * The normalisation that a model asks for, as a function over float32 voxels.
 * @param statistics of the whole volume, contrast not yet inverted
 * @throws {DomainError} `model_feature_unsupported`
 * @see nnunetv2/preprocessing/normalization/default_normalization_schemes.py
 */
export function makeNormaliser(rule: Normalization, statistics: ChannelStatistics, modelId: string): Normaliser {
  const scale = scaleOf(rule, rule.invert_contrast ? inverted(statistics) : statistics, modelId)
  const sign = rule.invert_contrast ? -1 : 1
  const filler = statistics.mean
  return (voxels) => {
    for (let i = 0; i < voxels.length; i++) {
      const value = voxels[i]
      voxels[i] = sign * (value - value === 0 ? value : filler)
    }
    scale(voxels)
  }
}

function inverted(statistics: ChannelStatistics): ChannelStatistics {
  return { ...statistics, mean: -statistics.mean, min: -statistics.max, max: -statistics.min }
}

function scaleOf(rule: Normalization, statistics: ChannelStatistics, modelId: string): Normaliser {
  switch (rule.scheme) {
    case 'zscore':
      return zscore(statistics, rule.use_nonzero_mask)
    case 'ct':
      return (voxels) =>
        clipAndScale(voxels, rule.percentile_00_5, rule.percentile_99_5, rule.mean, Math.max(rule.std, LEAST_STD))
    case 'rescale01':
      return (voxels) =>
        clipAndScale(
          voxels,
          statistics.min,
          statistics.max,
          statistics.min,
          Math.max(statistics.max - statistics.min, LEAST_STD),
        )
    case 'none':
      return () => undefined
    case 'percentile':
      throw new DomainError('model_feature_unsupported', { model: modelId, feature: 'percentile normalisation' })
  }
}

function zscore(statistics: ChannelStatistics, isNonzeroOnly: boolean): Normaliser {
  const mean = Math.fround(statistics.mean)
  const std = Math.fround(Math.max(statistics.std, LEAST_STD))
  return (voxels) => {
    for (let i = 0; i < voxels.length; i++) {
      if (isNonzeroOnly && voxels[i] === 0) continue
      voxels[i] = Math.fround(voxels[i] - mean) / std
    }
  }
}

function clipAndScale(voxels: Float32Array, low: number, high: number, offset: number, divisor: number): void {
  const offset32 = Math.fround(offset)
  const divisor32 = Math.fround(divisor)
  for (let i = 0; i < voxels.length; i++) {
    const clipped = Math.fround(Math.min(Math.max(voxels[i], low), high))
    voxels[i] = Math.fround(clipped - offset32) / divisor32
  }
}
