import type { EffectiveParams, JobResult, PostprocessRequest } from '../../shared/contract/jobs.ts'
import type { PreviewHeader } from '../../shared/contract/live.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { PinnedFile } from '../../shared/node/pinned-files.ts'
import type { VolumeWarning } from '../../shared/volume/header.ts'
import type { NetworkFacts } from './network-facts.ts'

/** A volume on the worker's disk. */
export interface JobVolume {
  path: string
  filename: string
  sha256: string
  mode0?: 'signed' | 'unsigned'
  /** Its files as they were when they were hashed, where others may change them. */
  files?: PinnedFile[]
}

/** Everything a worker needs for one attempt at a job. Paths are absolute; the attempt's folder is the worker's own. */
export interface JobDescription {
  jobId: string
  attempt: number
  /** The first channel; the mask gets its grid and its place in the world. */
  volume: JobVolume
  /** The other channels, in the model's order. */
  moreVolumes?: JobVolume[]
  /** With the SHA-256 of `model.json`, where it was read from a package. */
  model: { folder: string; manifest: ModelManifest; manifestSha256?: string; network?: NetworkFacts }
  params: EffectiveParams
  outFolder: string
  /** What happened before this run of the job and belongs in its provenance, e.g. that larger tiles did not fit. */
  earlierWarnings?: VolumeWarning[]
  /** Threads that add tiles up beside the one that streams the volume; absent: none. */
  blendThreads?: number
  /** Where statistics of volumes are kept from job to job; absent: nowhere. */
  cacheFolder?: string
  /** How often finished planes are put on the disk for the next attempt; absent: 30 s. */
  saveIntervalMs?: number
  programVersion: string
  createdAt: string
}

/** A file that a run left in its folder. */
export interface WrittenArtifact {
  name: string
  mediaType: string
  sizeBytes: number
  sha256: string
  warnings: VolumeWarning[]
}

/** What a finished run hands over; the files are complete and synced. */
export interface RunOutcome {
  /** The parameters in effect: a smaller tile than asked for where the device had no memory for it. */
  params: EffectiveParams
  result: JobResult
  artifacts: WrittenArtifact[]
  warnings: VolumeWarning[]
}

export interface RunProgress {
  tilesDone: number
  tilesTotal: number
  tilesPerSecond: number | null
  secondsLeft: number | null
}

/** Another mask from the files of a finished job. Paths are absolute. */
export interface PostprocessTask {
  /** The volume of the job: the mask gets its place in the world. */
  volume: JobVolume
  /** Folder of the finished attempt. */
  folder: string
  /** Name of the new files, without their ending. */
  name: string
  params: PostprocessRequest
  /** Values that the labels of the model have, background included. */
  labelValues: number[]
}

export interface PostprocessOutcome {
  labels: Record<string, number>
  maskSha256: string
  artifacts: WrittenArtifact[]
}

/** Messages from the server to a worker. */
export type ToWorker =
  | { type: 'run'; job: JobDescription }
  | { type: 'postprocess'; task: PostprocessTask }
  /** `keep`: what is finished stays for the next attempt. */
  | { type: 'cancel'; keep?: true }

/** Messages from a worker to the server. A worker runs one job, then exits. */
export type FromWorker =
  | { type: 'ready' }
  /** Sent every few seconds while the worker's loop turns and its job gets on; a network that runs holds it up. */
  | { type: 'alive' }
  | { type: 'progress'; progress: RunProgress }
  | { type: 'preview'; header: PreviewHeader; payload: Uint8Array }
  | { type: 'finished'; outcome: RunOutcome }
  | { type: 'postprocessed'; outcome: PostprocessOutcome }
  | { type: 'failed'; error: ProblemEnvelope }
  | { type: 'canceled' }

/** What a run reports while it goes on. */
export interface RunEvents {
  progress(progress: RunProgress): void
  preview(header: PreviewHeader, payload: Uint8Array): void
  /** Told by a run that works in a thread of its own how to see whether it still gets on. */
  worksBeside?(isAlive: () => boolean): void
}
