import { Type } from 'typebox'
import {
  closed,
  Dtype,
  ErrorEnvelope,
  GroupName,
  Id,
  OwnerAndProject,
  Sha256,
  ShapeZyx,
  Time,
  Warning,
} from './common.ts'
import { LEAST_STEP } from './least-step.ts'
import { MOST_TILES_AT_ONCE } from './tiles-at-once.ts'

export const JobState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('previewing'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('canceled'),
  /** Stopped by its user: it keeps what is finished and takes no device until it is resumed. */
  Type.Literal('paused'),
])
export type JobState = Type.Static<typeof JobState>

export const AxisName = Type.Union([Type.Literal('z'), Type.Literal('y'), Type.Literal('x')])

/** First voxel and the voxel behind the last, along one axis. */
const VoxelRange = Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 1 })])

/** A part of a volume, voxels, z, y, x: `[[z0, z1], [y0, y1], [x0, x1]]` with the ends left out. */
export const RegionOfInterest = Type.Tuple([VoxelRange, VoxelRange, VoxelRange])
export type RegionOfInterest = Type.Static<typeof RegionOfInterest>

/** Voxels of an object; the most are more than any volume has. */
const ObjectVoxels = Type.Integer({ minimum: 0, maximum: 2 ** 40 })

/** How voxels of one object touch: by faces, or by faces, edges or corners. */
export const Neighbours = Type.Union([Type.Literal(6), Type.Literal(26)])

/** What may be asked of a run beside tiles and mirroring. */
const ResultParams = {
  /** The mask is the best foreground label where its probability reaches this, instead of the model's own decoding. */
  threshold: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  /** Objects of fewer voxels are removed; in place of the model's own number. */
  smallest_object_voxels: Type.Optional(ObjectVoxels),
  /** What belongs to one object where objects are removed; 26 where it is absent. */
  neighbours: Type.Optional(Neighbours),
  /** Only this part is segmented; the rest of the mask is background. */
  roi_zyx: Type.Optional(RegionOfInterest),
  /** A preview of the whole volume first, from about an eighth of the work. The mask's bytes do not change. */
  draft: Type.Optional(Type.Boolean()),
  /** Keep the probability of the best foreground label, and that label, beside the mask; true where it is absent. */
  probability: Type.Optional(Type.Boolean()),
}

/** Parameters a job may ask for; what is absent comes from the model. */
export const JobParams = Type.Object(
  {
    patch_zyx: Type.Optional(ShapeZyx),
    step: Type.Optional(Type.Number({ minimum: LEAST_STEP, maximum: 1 })),
    mirror_axes: Type.Optional(Type.Array(AxisName, { maxItems: 3, uniqueItems: true })),
    threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    /** Tiles or their mirrored copies that go through the network in one run: more keep a large GPU busy. */
    batch: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_TILES_AT_ONCE })),
    ...ResultParams,
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
    /** The volume, or the first of several. */
    volume_id: Type.Optional(Id),
    /** One volume per input channel of the model, in its order, all on one grid. The mask lies on the first. */
    volume_ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 64 })),
    model: Type.String({ minLength: 1, maxLength: 200 }),
    params: Type.Optional(JobParams),
    preview: Type.Optional(PreviewRequest),
    /** Group whose members may see the job. */
    project: Type.Optional(GroupName),
    /** Higher goes first among jobs of one user, and where users have used the devices equally. Above 0: administrators. */
    priority: Type.Optional(Type.Integer({ minimum: -10, maximum: 10 })),
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
  /** Tiles or their mirrored copies in one run of the network; 1 where it is absent. */
  batch: Type.Optional(Type.Integer({ minimum: 1 })),
  /** The sums of tiles are kept in a scratch file, because they would be above the memory limit. */
  spill: Type.Optional(Type.Boolean()),
  ...ResultParams,
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
  /** `memory`: it is its turn and a device is free, but the jobs that run leave too little memory for it. */
  waits_for: Type.Optional(Type.Literal('memory')),
})
export type JobProgress = Type.Static<typeof JobProgress>

/** Numbers of a finished run. `labels` counts voxels by label value, background included. */
export const JobResult = Type.Object({
  seconds: Type.Number(),
  tiles: Type.Integer(),
  /** Of these, what earlier attempts had finished: `seconds` is the time of the others. */
  tiles_resumed: Type.Optional(Type.Integer()),
  forwards: Type.Integer(),
  previews: Type.Integer(),
  labels: Type.Record(Type.String(), Type.Integer()),
  mask_sha256: Sha256,
  mask_dtype: Dtype,
  /** Seconds of each stage in the thread beside the network; `network` is the time spent waiting for it. */
  stages: Type.Optional(Type.Record(Type.String(), Type.Number())),
})
export type JobResult = Type.Static<typeof JobResult>

/** Memory that a job will hold, known before it starts. Bytes of server and worker, the network's own included. */
export const JobMemory = Type.Object({
  total_bytes: Type.Integer(),
  /** Planes of weighted sums that a later tile can still touch. */
  ring_bytes: Type.Integer(),
  /** Normalised planes that tiles still need, and what is read ahead. */
  input_bytes: Type.Integer(),
  resampling_bytes: Type.Integer(),
  /** Tiles on their way to and from the network. */
  tiles_bytes: Type.Integer(),
  /** Planes of labels and probabilities, the preview, objects. */
  output_bytes: Type.Integer(),
  network_bytes: Type.Integer(),
  /** On the worker's disk, not in memory. */
  scratch_bytes: Type.Optional(Type.Integer()),
  /** The program itself. */
  base_bytes: Type.Integer(),
  /** False once the network was measured with this tile on this provider. */
  network_is_estimate: Type.Boolean(),
  /** Where it is an estimate: what the network takes at the least. A job that is above the limit with this is refused. */
  network_least_bytes: Type.Optional(Type.Integer()),
  /** Tiles that may go through the network together, where there is no memory for as many as were asked for. */
  most_tiles_at_once: Type.Optional(Type.Integer()),
  /** Axis of the volume along which planes are streamed. */
  stream_axis: AxisName,
  limit_bytes: Type.Union([Type.Integer(), Type.Null()]),
})
export type JobMemory = Type.Static<typeof JobMemory>

export const Job = Type.Object({
  job_id: Id,
  state: JobState,
  attempt: Type.Integer(),
  volume_id: Id,
  /** All volumes, the first included; one per input channel. */
  volume_ids: Type.Optional(Type.Array(Id)),
  model: Type.String(),
  model_version: Type.String(),
  /** Of the network's file; null for jobs that an older server ran. */
  model_sha256: Type.Optional(Type.Union([Sha256, Type.Null()])),
  params: JobParams,
  effective_params: Type.Union([EffectiveParams, Type.Null()]),
  preview: PreviewRequest,
  priority: Type.Optional(Type.Integer()),
  memory: Type.Optional(Type.Union([JobMemory, Type.Null()])),
  progress: JobProgress,
  warnings: Type.Array(Warning),
  result: Type.Union([JobResult, Type.Null()]),
  error: Type.Union([ErrorEnvelope, Type.Null()]),
  created_at: Time,
  started_at: Type.Union([Time, Type.Null()]),
  finished_at: Type.Union([Time, Type.Null()]),
  ...OwnerAndProject,
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

/** Another mask from what a job kept, without the network. */
export const PostprocessRequest = Type.Object(
  {
    /** Keeps the best foreground label where its probability reaches this; absent: the delivered mask is the start. */
    threshold: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    /** Labels of which only the largest object stays. */
    keep_largest: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: 65534 }), { maxItems: 1024 })),
    /** Objects of fewer voxels go. */
    smallest_object_voxels: Type.Optional(ObjectVoxels),
    /** What belongs to one object; 26 where it is absent. */
    neighbours: Type.Optional(Neighbours),
  },
  closed,
)
export type PostprocessRequest = Type.Static<typeof PostprocessRequest>

export const Postprocessed = Type.Object({
  params: PostprocessRequest,
  /** Voxels by label value, background included. */
  labels: Type.Record(Type.String(), Type.Integer()),
  mask_sha256: Sha256,
  /** The new masks; they replace those of an earlier request. */
  artifacts: Type.Array(Artifact),
})
export type Postprocessed = Type.Static<typeof Postprocessed>

export const ArtifactList = Type.Object({ artifacts: Type.Array(Artifact) })
export type ArtifactList = Type.Static<typeof ArtifactList>
