import type { EstimateRequest, JobEstimate } from '../contract/estimate.ts'
import type { Artifact, CreateJob, Job, JobList, Postprocessed, PostprocessRequest } from '../contract/jobs.ts'
import type { LiveFrame, PreviewHeader } from '../contract/live.ts'
import type { ModelSummary } from '../contract/models.ts'
import type { Me } from '../contract/people.ts'
import type { ServerInfo } from '../contract/server-info.ts'
import type { Volume } from '../contract/volumes.ts'
import type { ByteSource } from '../volume/header.ts'
import type { ServerTrust } from './server-trust.ts'
import type { TransferControl } from './transfer-control.ts'
import type { UploadStore } from './upload-store.ts'

/** Where a server is and how to prove who asks. */
export interface ServerAddress {
  /** `http://host:port` or `https://…`, without a path. */
  url: string
  token: string
  /** For a certificate that no public authority vouches for. */
  trust?: ServerTrust
  /** Asked for another token when the server refuses the one in use; null, or the same one, gives up with that problem. */
  renewToken?: (refused: string) => Promise<string | null>
}

/** Facts of a running upload, given after every part. */
export interface UploadProgress {
  phase: 'hashing' | 'sending' | 'verifying' | 'done'
  sentBytes: number
  totalBytes: number
  bytesPerSecond: number | null
  secondsLeft: number | null
  /** True while the server does not answer and the upload keeps trying. */
  isRetrying: boolean
  /** True between `pause` and `resume` of its control. */
  isPaused?: boolean
}

export interface UploadOptions {
  filename: string
  chunkBytes?: number
  /** Most parts in flight at once; where it is not given, 4 at first, then 1 to 8 as the line takes them. */
  concurrency?: number
  /** Pause, resume, cancel and bandwidth limit from outside. */
  control?: TransferControl
  /** Where the upload is remembered for another run of the program, and under which path. */
  remember?: { path: string; store: UploadStore }
  /** False once the file is no longer what it was when it was opened; then the upload is given up. */
  isUnchanged?: () => Promise<boolean>
  /** In place of the one of the address. */
  renewToken?: ServerAddress['renewToken']
  /** A part of which nothing moves for this long is sent again on a new connection. */
  idleMs?: number
  /** Kept with the volume; `mode0` says how mode 0 of an MRC file is read. */
  metadata?: { mode0?: 'signed' | 'unsigned' }
  /** Modification time of the file, for the fingerprint. */
  modifiedMs?: number
  onProgress?: (progress: UploadProgress) => void
  signal?: AbortSignal
}

/** One preview, unpacked. `voxels` in z, y, x order; its largest value of the type means "not computed yet". */
export interface Preview {
  header: PreviewHeader
  voxels: Uint8Array | Uint16Array
}

export interface WatchOptions {
  /** Replay what came after this sequence number. */
  since?: number
  onFrame?: (frame: LiveFrame) => void
  onPreview?: (preview: Preview) => void
  /** In place of the one of the address. */
  renewToken?: ServerAddress['renewToken']
  /** Told when the channel is lost and when it is back. */
  onConnection?: (state: 'open' | 'lost') => void
  signal?: AbortSignal
}

export interface DownloadOptions {
  /** Gives the artifact with a link that works, when the link has expired or the artifact was replaced. */
  refresh?: () => Promise<Artifact>
  /** A download of which nothing comes for this long is continued on a new connection. */
  idleMs?: number
  onProgress?: (receivedBytes: number, totalBytes: number) => void
  signal?: AbortSignal
}

/** Typed access to one CryoMamba server. Every failure is a `DomainError`. Implemented by `createClient`. */
export interface CryoMambaClient {
  readonly address: ServerAddress
  /** Server facts; also the connection test. @throws {DomainError} `server_unreachable`, `server_incompatible`, `unauthorized` */
  info(signal?: AbortSignal): Promise<ServerInfo>
  models(signal?: AbortSignal): Promise<ModelSummary[]>
  /** Whose the token is and what it allows; null from an older server. */
  me(signal?: AbortSignal): Promise<Me | null>
  /** Sends what the server lacks of a file and returns the checked volume. Resumes an open session of the same file. */
  upload(source: ByteSource, options: UploadOptions): Promise<Volume>
  /** A file that lies on the server, which reads all of it first: minutes for a large one. Asked again it is not read again. */
  volumeFromPath(path: string, signal?: AbortSignal): Promise<Volume>
  volume(volumeId: string): Promise<Volume>
  /** The newest ones; 50 where no number is given, 200 at most. */
  volumes(limit?: number): Promise<Volume[]>
  deleteVolume(volumeId: string): Promise<void>
  createJob(body: CreateJob): Promise<Job>
  /** What a job would take, without ordering it; null from an older server. */
  estimateJob(body: EstimateRequest): Promise<JobEstimate | null>
  job(jobId: string): Promise<Job>
  /** The newest ones. */
  jobs(): Promise<Job[]>
  /** Newest first, 200 at most, from a cursor that the page before gave. */
  jobPage(query: { limit: number; cursor: string | null }): Promise<JobList>
  cancelJob(jobId: string): Promise<Job>
  retryJob(jobId: string): Promise<Job>
  /** Resolves at once; the job's state says when it is paused. */
  pauseJob(jobId: string): Promise<Job>
  resumeJob(jobId: string): Promise<Job>
  /** Follows a job until it ends, reconnecting as needed; resolves with the final job, whatever its state. */
  watchJob(jobId: string, options: WatchOptions): Promise<Job>
  /** Another mask of a finished job from its kept probability, without the network. @throws {DomainError} `probability_not_kept` */
  postprocess(jobId: string, body: PostprocessRequest, signal?: AbortSignal): Promise<Postprocessed>
  artifacts(jobId: string): Promise<Artifact[]>
  /**
   * Downloads an artifact to `path`, resuming by Range what this or an earlier run of the program began, and checks its
   * hash. An artifact that the server has replaced meanwhile arrives in its newest version.
   */
  downloadArtifact(artifact: Artifact, path: string, options?: DownloadOptions): Promise<void>
}
