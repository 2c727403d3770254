import { Type } from 'typebox'
import { closed, Dtype, LengthUnit, ShapeZyx } from './common.ts'
import { JobMemory, JobParams, PreviewRequest } from './jobs.ts'

/** A job that nobody has ordered yet: its model, and the facts of a volume that need not be on the server. */
export const EstimateRequest = Type.Object(
  {
    model: Type.String({ minLength: 1, maxLength: 200 }),
    params: Type.Optional(JobParams),
    preview: Type.Optional(PreviewRequest),
    shape_zyx: ShapeZyx,
    dtype: Dtype,
    /** In `unit`; null where the file does not say. */
    voxel_size_zyx: Type.Union([Type.Tuple([Type.Number(), Type.Number(), Type.Number()]), Type.Null()]),
    unit: Type.Union([LengthUnit, Type.Null()]),
  },
  closed,
)
export type EstimateRequest = Type.Static<typeof EstimateRequest>

/** What such a job would take. */
export const JobEstimate = Type.Object({
  tiles: Type.Integer(),
  memory: JobMemory,
  /** False: `POST /v1/jobs` would refuse it as `memory_limit`. */
  fits_memory: Type.Boolean(),
  /** Time of the run without waiting, from the newest finished runs of this model like it; null where there are none. */
  seconds: Type.Union([Type.Number(), Type.Null()]),
  /** Jobs of everybody that wait for a place. */
  queue_length: Type.Integer(),
})
export type JobEstimate = Type.Static<typeof JobEstimate>
