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

/** A job that is to become a run of this program. `is_retry`: it failed or was canceled, and is tried again. */
export const AdoptJob = Type.Object({ job_id: Id, is_retry: Type.Boolean() }, closed)
export type AdoptJob = Type.Static<typeof AdoptJob>
