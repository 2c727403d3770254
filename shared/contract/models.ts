import { Type } from 'typebox'
import { closed, LengthUnit, Sha256, ShapeZyx } from './common.ts'
import { AxisName } from './jobs.ts'

/** A model as clients see it. */
export const ModelSummary = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    version: Type.String(),
    licence: Type.String(),
    citation: Type.Union([Type.String(), Type.Null()]),
    description: Type.String(),
    sha256: Sha256,
    size_bytes: Type.Integer(),
    channels: Type.Array(Type.String()),
    spacing: Type.Object({
      target_zyx: Type.Union([Type.Tuple([Type.Number(), Type.Number(), Type.Number()]), Type.Null()]),
      unit: Type.Union([LengthUnit, Type.Null()]),
      policy: Type.Union([Type.Literal('resample'), Type.Literal('warn'), Type.Literal('any')]),
    }),
    patch_zyx: ShapeZyx,
    step: Type.Number(),
    divisible_by_zyx: ShapeZyx,
    mirror_axes_allowed: Type.Array(AxisName),
    labels: Type.Array(Type.Object({ value: Type.Integer(), name: Type.String(), color: Type.String() })),
  },
  closed,
)
export type ModelSummary = Type.Static<typeof ModelSummary>

export const ModelList = Type.Object({ models: Type.Array(ModelSummary) })
export type ModelList = Type.Static<typeof ModelList>
