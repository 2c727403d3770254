import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Mode0, RunView } from '../../shared/contract/bridge.ts'
import type { Artifact } from '../../shared/contract/jobs.ts'
import type { FileIdentity } from './file-identity.ts'
import type { ServicePreview } from './volume-service-messages.ts'

/** A run that meets one of these goes on by itself later. */
const AWAY: readonly string[] = [
  ...['server_unreachable', 'unauthorized', 'token_expired', 'engine_not_available'],
  ...['certificate_untrusted', 'certificate_changed'],
]

/** Where a run computes. */
export type RunTarget = { kind: 'local' } | { kind: 'server'; url: string }

/**
 * A run as the main process holds it. `view` is what the window sees and changes only through `nextRun`;
 * what is beside it never leaves this process.
 */
export interface Run {
  view: RunView
  readonly target: RunTarget
  /** Path on this computer; null for a volume that only the server sees, until it is found to be the open file. */
  file: string | null
  mode0: Mode0 | null
  /** What the file was when it was sent; null before that, and of runs that noted none. */
  identity: FileIdentity | null
  readonly serverPath: string | null
  /** Folder that the mask is saved in without asking. */
  readonly saveTo: string | null
  jobId: string | null
  maskFile: string | null
  /** Files of the finished job on the server, once they were asked for. */
  artifacts: Promise<Artifact[]> | null
  /** Known while the run goes on. */
  client: CryoMambaClient | null
  stop: AbortController
  /** False while it waits for its turn. */
  hasBegun: boolean
  /** The user wants a job that failed, was canceled or paused to go on. */
  isRetry: boolean
  /** Set by a pause, so that the abort is not taken for a cancel. */
  isPausing: boolean
  /** It was under way when the program closed or the server went away: it waits instead of failing. */
  isTakenUp: boolean
  /** The newest one, so that another run can be looked at in between. */
  preview: ServicePreview | null
}

/** The server has something of the run, or had it before, and cannot be asked now. @param code of the problem met */
export function goesOnLater({ jobId, isTakenUp, view }: Run, code: string): boolean {
  return AWAY.includes(code) && (jobId !== null || isTakenUp || (view.upload?.sent_bytes ?? 0) > 0)
}
