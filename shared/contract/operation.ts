import { Type } from 'typebox'
import { GroupName, Id, Time, UserName } from './common.ts'
import { JobProgress, JobState } from './jobs.ts'

const Bytes = Type.Integer({ minimum: 0 })
const BytesOrNull = Type.Union([Bytes, Type.Null()])

/** A device slot, what its card tells, and the job on it. */
const DeviceStatus = Type.Object({
  device_id: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  memory_total_bytes: BytesOrNull,
  memory_used_bytes: BytesOrNull,
  utilisation_percent: Type.Union([Type.Number(), Type.Null()]),
  job_id: Type.Union([Id, Type.Null()]),
})

/** A job as an operator sees it: whose it is and how it goes, never what is in it. */
export const JobStatus = Type.Object({
  job_id: Id,
  user: UserName,
  project: Type.Union([GroupName, Type.Null()]),
  state: JobState,
  attempt: Type.Integer(),
  model: Type.String(),
  model_version: Type.String(),
  device: Type.Union([Type.String(), Type.Null()]),
  progress: JobProgress,
  error_code: Type.Union([Type.String(), Type.Null()]),
  created_at: Time,
  started_at: Type.Union([Time, Type.Null()]),
  finished_at: Type.Union([Time, Type.Null()]),
})
export type JobStatus = Type.Static<typeof JobStatus>

/** What one user holds. Files that the server only refers to are not counted. */
const UserStatus = Type.Object({
  user: UserName,
  jobs_queued: Type.Integer(),
  jobs_running: Type.Integer(),
  volumes: Type.Integer(),
  volume_bytes: Bytes,
  uploads_open: Type.Integer(),
  upload_bytes: Bytes,
  artifact_bytes: Bytes,
})

const ModelStatus = Type.Object({
  id: Type.String(),
  version: Type.String(),
  name: Type.String(),
  size_bytes: Bytes,
  groups: Type.Array(GroupName),
})

/** Everything that the people who run a server look at. */
export const Overview = Type.Object({
  version: Type.String(),
  time: Time,
  started_at: Time,
  devices: Type.Array(DeviceStatus),
  /** Running, then queued ones in their order. */
  jobs: Type.Array(JobStatus),
  /** Ended last, newest first. */
  finished: Type.Array(JobStatus),
  users: Type.Array(UserStatus),
  disk: Type.Object({ total_bytes: Bytes, free_bytes: Bytes }),
  models: Type.Array(ModelStatus),
  /** What is not as it was meant to be; absent from an older server. */
  notices: Type.Optional(Type.Array(Type.String())),
})
export type Overview = Type.Static<typeof Overview>
