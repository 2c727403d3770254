import { Type } from 'typebox'
import { closed, Dtype, Id, LengthUnit, OwnerAndProject, Sha256, ShapeZyx, Time, Warning } from './common.ts'

/** A volume that the server holds. `voxel_size_zyx` is in `unit`; null when the file does not say. */
export const Volume = Type.Object({
  volume_id: Id,
  filename: Type.String(),
  format: Type.Union([Type.Literal('mrc'), Type.Literal('nifti'), Type.Literal('nrrd')]),
  size_bytes: Type.Integer(),
  sha256: Sha256,
  shape_zyx: ShapeZyx,
  dtype: Dtype,
  voxel_size_zyx: Type.Union([Type.Tuple([Type.Number(), Type.Number(), Type.Number()]), Type.Null()]),
  unit: Type.Union([LengthUnit, Type.Null()]),
  warnings: Type.Array(Warning),
  created_at: Time,
  ...OwnerAndProject,
})
export type Volume = Type.Static<typeof Volume>

export const VolumeList = Type.Object({
  volumes: Type.Array(Volume),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
})
export type VolumeList = Type.Static<typeof VolumeList>

/** A volume that already lies on the server, under an allowed root. */
export const VolumeFromPath = Type.Object({ path: Type.String({ minLength: 1, maxLength: 4096 }) }, closed)
export type VolumeFromPath = Type.Static<typeof VolumeFromPath>
