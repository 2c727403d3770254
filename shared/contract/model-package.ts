import { Type } from 'typebox'
import { closed, LengthUnit, Sha256, ShapeZyx } from './common.ts'
import { AxisName } from './jobs.ts'

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])
const AxisOrder = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 2 }),
  Type.Integer({ minimum: 0, maximum: 2 }),
  Type.Integer({ minimum: 0, maximum: 2 }),
])

/** How one input channel is normalised; values as `reference/MODEL.md` of the design defines them. */
export const Normalization = Type.Union([
  Type.Object(
    {
      channel: Type.String(),
      scheme: Type.Literal('zscore'),
      use_nonzero_mask: Type.Boolean(),
      invert_contrast: Type.Boolean(),
    },
    closed,
  ),
  Type.Object(
    {
      channel: Type.String(),
      scheme: Type.Literal('ct'),
      use_nonzero_mask: Type.Boolean(),
      invert_contrast: Type.Boolean(),
      percentile_00_5: Type.Number(),
      percentile_99_5: Type.Number(),
      mean: Type.Number(),
      std: Type.Number({ exclusiveMinimum: 0 }),
    },
    closed,
  ),
  Type.Object(
    {
      channel: Type.String(),
      scheme: Type.Literal('percentile'),
      use_nonzero_mask: Type.Boolean(),
      invert_contrast: Type.Boolean(),
      low: Type.Number({ minimum: 0, maximum: 100 }),
      high: Type.Number({ minimum: 0, maximum: 100 }),
    },
    closed,
  ),
  Type.Object(
    {
      channel: Type.String(),
      scheme: Type.Union([Type.Literal('rescale01'), Type.Literal('none')]),
      use_nonzero_mask: Type.Boolean(),
      invert_contrast: Type.Boolean(),
    },
    closed,
  ),
])
export type Normalization = Type.Static<typeof Normalization>

export const ModelLabel = Type.Object(
  {
    value: Type.Integer({ minimum: 0, maximum: 65534 }),
    name: Type.String(),
    color: Type.String({ pattern: '^#[0-9a-fA-F]{6}$' }),
  },
  closed,
)

const Resampling = Type.Object(
  { order: Type.Integer({ minimum: 0, maximum: 3 }), order_z: Type.Integer({ minimum: 0, maximum: 3 }) },
  closed,
)

/** `model.json` of a model package. Every key stands in every file; an unknown key is refused. */
export const ModelManifest = Type.Object(
  {
    schema_version: Type.Literal(1),
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,99}$' }),
    name: Type.String({ minLength: 1 }),
    version: Type.String({ pattern: '^[0-9A-Za-z][0-9A-Za-z.+-]{0,49}$' }),
    licence: Type.String(),
    citation: orNull(Type.String()),
    description: Type.String(),
    onnx: Type.Object(
      {
        file: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' }),
        bytes: Type.Integer({ minimum: 1 }),
        sha256: Sha256,
        opset: Type.Integer({ minimum: 1 }),
      },
      closed,
    ),
    input: Type.Object(
      {
        name: Type.String(),
        layout: Type.Literal('NCDHW'),
        dtype: Type.Union([Type.Literal('float32'), Type.Literal('float16')]),
        channels: Type.Integer({ minimum: 1, maximum: 64 }),
      },
      closed,
    ),
    output: Type.Object(
      {
        name: Type.String(),
        layout: Type.Literal('NCDHW'),
        dtype: Type.Union([Type.Literal('float32'), Type.Literal('float16')]),
        channels: Type.Integer({ minimum: 1, maximum: 1024 }),
        activation: Type.Union([Type.Literal('none'), Type.Literal('softmax'), Type.Literal('sigmoid')]),
      },
      closed,
    ),
    axes: Type.Object({ transpose_forward: AxisOrder, transpose_backward: AxisOrder }, closed),
    spacing: Type.Object(
      {
        target_zyx: orNull(
          Type.Tuple([
            Type.Number({ exclusiveMinimum: 0 }),
            Type.Number({ exclusiveMinimum: 0 }),
            Type.Number({ exclusiveMinimum: 0 }),
          ]),
        ),
        unit: orNull(LengthUnit),
        policy: Type.Union([Type.Literal('resample'), Type.Literal('warn'), Type.Literal('any')]),
      },
      closed,
    ),
    crop: Type.Object({ nonzero: Type.Boolean() }, closed),
    normalization: Type.Array(Normalization, { minItems: 1 }),
    resampling: Type.Object(
      { data: Resampling, logits: Resampling, anisotropy_threshold: Type.Number(), separate_z: orNull(Type.Boolean()) },
      closed,
    ),
    tiles: Type.Object(
      {
        patch_zyx: ShapeZyx,
        divisible_by_zyx: ShapeZyx,
        step: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
        gaussian: Type.Boolean(),
        sigma_scale: Type.Number({ exclusiveMinimum: 0 }),
        pad_value: Type.Number(),
        batch: Type.Integer({ minimum: 1 }),
      },
      closed,
    ),
    mirror_axes_allowed: Type.Array(AxisName, { uniqueItems: true }),
    labels: Type.Array(ModelLabel, { minItems: 1 }),
    decode: Type.Object(
      {
        mode: Type.Union([Type.Literal('argmax'), Type.Literal('regions'), Type.Literal('threshold')]),
        regions_order: orNull(Type.Array(Type.Integer({ minimum: 0, maximum: 65534 }))),
        threshold: orNull(Type.Number({ minimum: 0, maximum: 1 })),
      },
      closed,
    ),
    postprocess: Type.Object(
      { keep_largest: Type.Array(Type.Integer()), smallest_object_voxels: Type.Integer({ minimum: 0 }) },
      closed,
    ),
    requirements: Type.Object({ device_bytes: orNull(Type.Integer()), host_bytes: orNull(Type.Integer()) }, closed),
    provenance: Type.Object(
      {
        dataset: orNull(Type.String()),
        plans: orNull(Type.String()),
        configuration: orNull(Type.String()),
        fold: orNull(Type.String()),
        trainer: orNull(Type.String()),
      },
      closed,
    ),
  },
  closed,
)
export type ModelManifest = Type.Static<typeof ModelManifest>
