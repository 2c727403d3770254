import type {
  EffectiveParams,
  JobMemory,
  JobParams,
  JobResult,
  JobState,
  PreviewRequest,
} from '../../shared/contract/jobs.ts'
import type { LiveFrame } from '../../shared/contract/live.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning } from '../../shared/volume/header.ts'
import type { WrittenArtifact } from '../inference/messages.ts'

export interface JobRecord {
  jobId: string
  owner: string
  state: JobState
  attempt: number
  /** The first channel, and the grid of the mask. */
  volumeId: string
  /** The other channels, in the model's order. */
  moreVolumeIds: string[]
  /** What the job will hold; null for jobs of older versions. */
  memory: JobMemory | null
  model: string
  modelVersion: string
  /** Of the network's file; null for jobs of an older program. */
  modelSha256: string | null
  params: JobParams
  effectiveParams: EffectiveParams | null
  preview: PreviewRequest
  warnings: VolumeWarning[]
  result: JobResult | null
  error: ProblemEnvelope | null
  device: string | null
  tilesDone: number
  tilesTotal: number
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  /** Group whose members may see the job, too. */
  project: string | null
  /** -10 to 10. */
  priority: number
  /** Workers or servers that were lost with the job since a user queued it. */
  losses: number
  /** Server that runs the job; only until `leaseUntil`, unless it renews that. */
  claimedBy: string | null
  leaseUntil: string | null
  /** When retention removed the artifacts; null where they are there, or never were. */
  artifactsRemovedAt: string | null
}

export type JobChange = Partial<
  Omit<
    JobRecord,
    'jobId' | 'owner' | 'state' | 'volumeId' | 'moreVolumeIds' | 'model' | 'createdAt' | 'project' | 'priority'
  >
>

/** Which of many jobs are wanted. */
export interface JobPage {
  limit: number
  /** Id of the last one seen; null: from the newest on. */
  before?: string | null
  /** None: all. */
  states?: readonly JobState[]
  /** So many of the newest are passed over. */
  skip?: number
}

export interface JobRepository {
  insert(record: JobRecord): Promise<void>
  find(jobId: string): Promise<JobRecord | null>
  /** The owner's jobs and those of the projects, newest first. */
  list(owner: string, projects: readonly string[], page: JobPage): Promise<JobRecord[]>
  /** Queued jobs of a user, or of everybody. */
  numQueued(owner: string | null): Promise<number>
  /** Keeps a running attempt of this server; false when another has taken it over. */
  renewLease(jobId: string, attempt: number, claimedBy: string, until: string): Promise<boolean>
  /** Ended jobs with artifacts, the one that ended first in front. */
  withArtifacts(): Promise<JobRecord[]>
  /** Forgets the artifacts of an ended job and says when; false when it is not ended any more. */
  expireArtifacts(jobId: string, attempt: number, time: string): Promise<boolean>
  setProject(jobId: string, project: string | null): Promise<void>
  /** Oldest first. */
  withState(states: readonly JobState[]): Promise<JobRecord[]>
  /** An unfinished job that uses the volume, or null. */
  unfinishedUser(volumeId: string): Promise<string | null>
  /** An unfinished job that runs this version of a model, or null. */
  unfinishedOfModel(model: string, version: string): Promise<string | null>
  /** Compare and set: changes only a job that is still in `from` and at `attempt`; false when it was not. */
  move(jobId: string, attempt: number, from: readonly JobState[], to: JobState, change: JobChange): Promise<boolean>
  /** As `move` to completed, with the artifacts in the same transaction: a completed job always has its files. */
  complete(jobId: string, attempt: number, change: JobChange, artifacts: readonly WrittenArtifact[]): Promise<boolean>
  saveProgress(jobId: string, attempt: number, tilesDone: number, tilesTotal: number): Promise<void>
  artifacts(jobId: string): Promise<WrittenArtifact[]>
  /** Puts artifacts in place of those whose names fit. */
  replaceArtifacts(
    jobId: string,
    attempt: number,
    goes: (name: string) => boolean,
    artifacts: readonly WrittenArtifact[],
  ): Promise<void>
  deleteArtifacts(jobId: string): Promise<void>
  addEvent(jobId: string, frame: LiveFrame): Promise<void>
  eventsSince(jobId: string, seq: number): Promise<LiveFrame[]>
}
