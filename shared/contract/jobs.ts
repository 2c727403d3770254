import { Type } from 'typebox'
import { closed, Dtype, ErrorEnvelope, Id, Sha256, ShapeZyx, Time, Warning } from './common.ts'

export const JobState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('previewing'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('canceled'),
])
export type JobState = Type.Static<typeof JobState>

export const AxisName = Type.Union([Type.Literal('z'), Type.Literal('y'), Type.Literal('x')])

/** Parameters a job may ask for; what is absent comes from the model. */
export const JobParams = Type.Object(
  {
    patch_zyx: Type.Optional(ShapeZyx),
    step: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    mirror_axes: Type.Optional(Type.Array(AxisName, { maxItems: 3, uniqueItems: true })),
    threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
  },
  closed,
)
export type JobParams = Type.Static<typeof JobParams>

export const PreviewRequest = Type.Object(
  {
    enabled: Type.Boolean(),
    factor: Type.Optional(Type.Integer({ minimum: 2, maximum: 16 })),
    interval_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 600 })),
  },
  closed,
)
export type PreviewRequest = Type.Static<typeof PreviewRequest>

export const CreateJob = Type.Object(
  {
    volume_id: Id,
    model: Type.String({ minLength: 1, maxLength: 200 }),
    params: Type.Optional(JobParams),
    preview: Type.Optional(PreviewRequest),
  },
  closed,
)
export type CreateJob = Type.Static<typeof CreateJob>

/** Parameters as they were used, after defaults and any change by the engine. */
export const EffectiveParams = Type.Object({
  patch_zyx: ShapeZyx,
  step: Type.Number(),
  mirror_axes: Type.Array(AxisName),
  preview_factor: Type.Union([Type.Integer(), Type.Null()]),
  preview_interval_seconds: Type.Number(),
  threads: Type.Integer(),
  provider: Type.String(),
})
export type EffectiveParams = Type.Static<typeof EffectiveParams>

export const JobProgress = Type.Object({
  tiles_done: Type.Integer(),
  tiles_total: Type.Integer(),
  tiles_per_second: Type.Union([Type.Number(), Type.Null()]),
  seconds_left: Type.Union([Type.Number(), Type.Null()]),
  /** 1 is next; null once running. */
  queue_position: Type.Union([Type.Integer(), Type.Null()]),
  estimated_start: Type.Union([Time, Type.Null()]),
})
export type JobProgress = Type.Static<typeof JobProgress>

/** Numbers of a finished run. `labels` counts voxels by label value, background included. */
export const JobResult = Type.Object({
  seconds: Type.Number(),
  tiles: Type.Integer(),
  forwards: Type.Integer(),
  previews: Type.Integer(),
  labels: Type.Record(Type.String(), Type.Integer()),
  mask_sha256: Sha256,
  mask_dtype: Dtype,
})
export type JobResult = Type.Static<typeof JobResult>

export const Job = Type.Object({
  job_id: Id,
  state: JobState,
  attempt: Type.Integer(),
  volume_id: Id,
  model: Type.String(),
  model_version: Type.String(),
  params: JobParams,
  effective_params: Type.Union([EffectiveParams, Type.Null()]),
  preview: PreviewRequest,
  progress: JobProgress,
  warnings: Type.Array(Warning),
  result: Type.Union([JobResult, Type.Null()]),
  error: Type.Union([ErrorEnvelope, Type.Null()]),
  created_at: Time,
  started_at: Type.Union([Time, Type.Null()]),
  finished_at: Type.Union([Time, Type.Null()]),
})
export type Job = Type.Static<typeof Job>

export const JobList = Type.Object({ jobs: Type.Array(Job), next_cursor: Type.Union([Type.String(), Type.Null()]) })
export type JobList = Type.Static<typeof JobList>

/** A file a finished job left. `url` is signed and expires; it takes Range requests. */
export const Artifact = Type.Object({
  name: Type.String(),
  url: Type.String(),
  expires_at: Time,
  media_type: Type.String(),
  size_bytes: Type.Integer(),
  sha256: Sha256,
  warnings: Type.Array(Warning),
})
export type Artifact = Type.Static<typeof Artifact>

export const ArtifactList = Type.Object({ artifacts: Type.Array(Artifact) })
export type ArtifactList = Type.Static<typeof ArtifactList>
