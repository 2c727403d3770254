import { Type } from 'typebox'
import { closed, ErrorEnvelope, Id, Time } from './common.ts'
import { JobProgress, JobState } from './jobs.ts'

/** How the volume of a job and the open file stand; `comparing`: they have one size, the bytes are being read. */
export const VolumeMatch = Type.Union([
  Type.Literal('open'),
  Type.Literal('other'),
  Type.Literal('comparing'),
  /** The server no longer has it. */
  Type.Literal('gone'),
])
export type VolumeMatch = Type.Static<typeof VolumeMatch>

/** A job of the same user that no run of this program knows: of the command line, or of another computer. */
export const OtherJob = Type.Object(
  {
    job_id: Id,
    state: JobState,
    model: Type.String(),
    created_at: Time,
    volume_name: Type.Union([Type.String(), Type.Null()]),
    match: VolumeMatch,
    progress: JobProgress,
    error: Type.Union([ErrorEnvelope, Type.Null()]),
  },
  closed,
)
export type OtherJob = Type.Static<typeof OtherJob>

/** More of a server's jobs are never looked at. */
export const MOST_JOBS = 1000

/** So many of the newest jobs of a server are looked at. */
export const JobsLookedAt = Type.Object({ most_jobs: Type.Integer({ minimum: 1, maximum: MOST_JOBS }) }, closed)
export type JobsLookedAt = Type.Static<typeof JobsLookedAt>

/** Newest first. `has_older`: the server has jobs that were not looked at, and more may be. */
export const OtherJobList = Type.Object({ jobs: Type.Array(OtherJob), has_older: Type.Boolean() }, closed)
export type OtherJobList = Type.Static<typeof OtherJobList>

/** A job that is to become a run of this program. `is_retry`: it failed or was canceled, and is tried again. */
export const AdoptJob = Type.Object({ job_id: Id, is_retry: Type.Boolean() }, closed)
export type AdoptJob = Type.Static<typeof AdoptJob>
