import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { DomainError } from '../../shared/errors/domain-error.ts'

const AxisOrder = Type.Array(Type.Integer(), { minItems: 3, maxItems: 3 })

/** The parts of `plans.json` that inference follows; other keys are left alone. */
const Plans = Type.Object({
  dataset_name: Type.Optional(Type.String()),
  plans_name: Type.Optional(Type.String()),
  image_reader_writer: Type.Optional(Type.String()),
  label_manager: Type.Optional(Type.String()),
  transpose_forward: AxisOrder,
  transpose_backward: AxisOrder,
  configurations: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
  foreground_intensity_properties_per_channel: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  /** Its name in plans of the first releases. */
  foreground_intensity_properties_by_modality: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type NnunetPlans = Static<typeof Plans>

const Numbers = Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 1, maxItems: 3 })
const Sizes = Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 3 })

const Configuration = Type.Object({
  preprocessor_name: Type.Optional(Type.String()),
  previous_stage: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  patch_size: Sizes,
  spacing: Numbers,
  normalization_schemes: Type.Array(Type.String()),
  use_mask_for_norm: Type.Array(Type.Boolean()),
  resampling_fn_data: Type.String(),
  resampling_fn_data_kwargs: Type.Record(Type.String(), Type.Unknown()),
  resampling_fn_probabilities: Type.String(),
  resampling_fn_probabilities_kwargs: Type.Record(Type.String(), Type.Unknown()),
  /** Plans since nnU-Net 2.4. */
  architecture: Type.Optional(
    Type.Object({ arch_kwargs: Type.Object({ strides: Type.Optional(Type.Array(Type.Unknown())) }) }),
  ),
  /** Plans before. */
  pool_op_kernel_sizes: Type.Optional(Type.Array(Type.Unknown())),
})
export type NnunetConfiguration = Static<typeof Configuration>

const Dataset = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  channel_names: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Its name in datasets converted from nnU-Net v1. */
  modality: Type.Optional(Type.Record(Type.String(), Type.String())),
  labels: Type.Record(Type.String(), Type.Union([Type.Integer(), Type.Array(Type.Integer(), { minItems: 1 })])),
  regions_class_order: Type.Optional(Type.Union([Type.Array(Type.Integer()), Type.Null()])),
})
export type NnunetDataset = Static<typeof Dataset>

/** A refusal of a model that is made: `model_invalid`. */
export function invalidModel(name: string, reason: string): DomainError {
  return new DomainError('model_invalid', { name, reason, hint: 'Check the files given, or export the model again.' })
}

/** A refusal of what nnU-Net can do and this program cannot: `model_feature_unsupported`. */
export function unsupportedModel(name: string, feature: string): DomainError {
  return new DomainError('model_feature_unsupported', { model: name, feature })
}

/** @throws {DomainError} `model_invalid` */
export function checkPlans(value: unknown, name: string): NnunetPlans {
  return checked(Plans, value, name, 'plans.json')
}

/** @throws {DomainError} `model_invalid` */
export function checkDataset(value: unknown, name: string): NnunetDataset {
  const labels = (value as { labels?: Record<string, unknown> } | null)?.labels
  if (labels && typeof labels === 'object' && '0' in labels)
    throw invalidModel(name, 'dataset.json has its labels as nnU-Net v1: number first, name second')
  return checked(Dataset, value, name, 'dataset.json')
}

/** A value as a schema has it. @throws {DomainError} `model_invalid` with the first thing that is wrong, and where */
export function checked<T extends TSchema>(schema: T, value: unknown, name: string, where: string): Static<T> {
  if (Value.Check(schema, value)) return value
  const [fault] = Value.Errors(schema, value)
  throw invalidModel(name, `${where}${fault?.instancePath ?? ''} ${fault?.message ?? 'is not as expected'}`)
}

/**
 * A configuration with what it inherits: keys of the child replace those of its parent.
 * @throws {DomainError} `model_invalid`
 * @see nnunetv2/utilities/plans_handling/plans_handler.py, _internal_resolve_configuration_inheritance
 */
export function resolveConfiguration(plans: NnunetPlans, wanted: string, name: string): NnunetConfiguration {
  const visited: string[] = []
  let merged: Record<string, unknown> = {}
  for (let at: unknown = wanted; at !== undefined; ) {
    if (typeof at !== 'string' || !Object.hasOwn(plans.configurations, at)) {
      const known = Object.keys(plans.configurations).join(', ')
      throw invalidModel(name, `plans.json has no configuration ${at}; it has ${known}`)
    }
    if (visited.includes(at)) throw invalidModel(name, `configuration ${at} of plans.json inherits from itself`)
    visited.push(at)
    const own = plans.configurations[at]
    merged = { ...own, ...merged }
    at = own.inherits_from
  }
  return checked(Configuration, merged, name, `plans.json/configurations/${wanted}`)
}
