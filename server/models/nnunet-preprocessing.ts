import { Type } from 'typebox'
import type { ModelManifest, Normalization } from '../../shared/contract/model-package.ts'
import {
  checked,
  invalidModel,
  type NnunetConfiguration,
  type NnunetDataset,
  type NnunetPlans,
  unsupportedModel,
} from './nnunet-files.ts'

const CtProperties = Type.Object({
  percentile_00_5: Type.Number(),
  percentile_99_5: Type.Number(),
  mean: Type.Number(),
  std: Type.Number(),
})

/** nnU-Net's guard for constant images; a deviation of 0 is no valid manifest. */
const LEAST_STD = 1e-8

/** Names of the input channels in their order. @throws {DomainError} `model_invalid` */
export function readChannels(dataset: NnunetDataset, name: string): string[] {
  // nnU-Net takes the older key where both stand.
  const named = dataset.modality ?? dataset.channel_names ?? {}
  const channels = Object.keys(named).map((_, index) => named[index])
  if (channels.length === 0 || channels.includes(undefined as never))
    throw invalidModel(name, 'the channel_names of dataset.json are not numbered from 0')
  return channels
}

/**
 * One rule per channel.
 * @throws {DomainError} `model_invalid`, `model_feature_unsupported`
 * @see nnunetv2/preprocessing/normalization/default_normalization_schemes.py
 */
export function readNormalization(
  channels: string[],
  configuration: NnunetConfiguration,
  plans: NnunetPlans,
  name: string,
): Normalization[] {
  const { normalization_schemes: schemes, use_mask_for_norm: masks } = configuration
  if (schemes.length !== channels.length || masks.length !== channels.length)
    throw invalidModel(
      name,
      `dataset.json names ${channels.length} channels, plans.json normalises ${schemes.length} with ${masks.length} masks`,
    )
  const intensities =
    plans.foreground_intensity_properties_per_channel ?? plans.foreground_intensity_properties_by_modality ?? {}
  const where = 'plans.json/foreground_intensity_properties_per_channel'
  return channels.map((channel, index): Normalization => {
    const rule = { channel, use_nonzero_mask: false, invert_contrast: false }
    switch (schemes[index]) {
      case 'ZScoreNormalization':
        return { ...rule, scheme: 'zscore', use_nonzero_mask: masks[index] }
      // The mask is for z-scores only; nnU-Net ignores it in all others.
      case 'CTNormalization': {
        const found = checked(CtProperties, intensities[index], name, `${where}/${index}`)
        const { percentile_00_5, percentile_99_5, mean, std } = found
        return { ...rule, scheme: 'ct', percentile_00_5, percentile_99_5, mean, std: Math.max(std, LEAST_STD) }
      }
      case 'RescaleTo01Normalization':
        return { ...rule, scheme: 'rescale01' }
      // Clipped to bytes and divided by 255, whatever the training images held.
      case 'RGBTo01Normalization':
        return { ...rule, scheme: 'ct', percentile_00_5: 0, percentile_99_5: 255, mean: 0, std: 255 }
      case 'NoNormalization':
        return { ...rule, scheme: 'none' }
      default:
        throw unsupportedModel(name, `the normalisation ${schemes[index]}`)
    }
  })
}

type Resampling = Pick<ModelManifest, 'resampling'> & { policy: ModelManifest['spacing']['policy'] }

/** How one array is resampled; defaults are those of nnU-Net's function. */
interface ResamplingRule {
  order: number
  order_z: number
  force_separate_z: boolean | null
  separate_z_anisotropy_threshold: number
}

const ResamplingKwargs = Type.Object({
  is_seg: Type.Literal(false),
  order: Type.Integer({ minimum: 0 }),
  order_z: Type.Integer({ minimum: 0 }),
  force_separate_z: Type.Union([Type.Boolean(), Type.Null()]),
  separate_z_anisotropy_threshold: Type.Number(),
})

const KWARGS_DEFAULTS = {
  is_seg: false,
  order: 3,
  order_z: 0,
  force_separate_z: false,
  separate_z_anisotropy_threshold: 3,
}

/** Splines of higher order are not implemented. */
const HIGHEST_ORDER = 3

/**
 * Resampling of the image and of the logits. That of segmentations is for training only.
 * @throws {DomainError} `model_invalid`, `model_feature_unsupported`
 * @see nnunetv2/preprocessing/resampling/default_resampling.py, resample_data_or_seg_to_shape
 */
export function readResampling(configuration: NnunetConfiguration, name: string): Resampling {
  const functions = [configuration.resampling_fn_data, configuration.resampling_fn_probabilities]
  if (functions.every((one) => one === 'no_resampling_hack'))
    return { policy: 'warn', resampling: resamplingOf(KWARGS_DEFAULTS, { ...KWARGS_DEFAULTS, order: 1 }) }
  const unknown = functions.find((one) => one !== 'resample_data_or_seg_to_shape')
  if (unknown !== undefined) throw unsupportedModel(name, `the resampling function ${unknown}`)
  const data = readRule('resampling_fn_data_kwargs', configuration, name)
  const logits = readRule('resampling_fn_probabilities_kwargs', configuration, name)
  for (const key of ['force_separate_z', 'separate_z_anisotropy_threshold'] as const)
    if (data[key] !== logits[key]) throw unsupportedModel(name, `another ${key} for probabilities than for data`)
  return { policy: 'resample', resampling: resamplingOf(data, logits) }
}

function readRule(
  key: 'resampling_fn_data_kwargs' | 'resampling_fn_probabilities_kwargs',
  configuration: NnunetConfiguration,
  name: string,
): ResamplingRule {
  const unknown = Object.keys(configuration[key]).find((one) => !(one in KWARGS_DEFAULTS))
  if (unknown !== undefined) throw unsupportedModel(name, `the option ${unknown} of ${key}`)
  const rule = checked(ResamplingKwargs, { ...KWARGS_DEFAULTS, ...configuration[key] }, name, `plans.json ${key}`)
  const highest = Math.max(rule.order, rule.order_z)
  if (highest > HIGHEST_ORDER) throw unsupportedModel(name, `resampling with splines of order ${highest}`)
  return rule
}

function resamplingOf(data: ResamplingRule, logits: ResamplingRule): ModelManifest['resampling'] {
  return {
    data: { order: data.order, order_z: data.order_z },
    logits: { order: logits.order, order_z: logits.order_z },
    anisotropy_threshold: data.separate_z_anisotropy_threshold,
    separate_z: data.force_separate_z,
  }
}
