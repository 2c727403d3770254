import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Mode0, RunView } from '../../shared/contract/bridge.ts'
import type { ServicePreview } from './volume-service-messages.ts'

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
  readonly serverPath: string | null
  /** Folder that the mask is saved in without asking. */
  readonly saveTo: string | null
  jobId: string | null
  maskFile: string | null
  /** Known while the run goes on. */
  client: CryoMambaClient | null
  stop: AbortController
  /** False while it waits for its turn. */
  hasBegun: boolean
  /** The user wants a job that failed or was canceled to be tried again. */
  isRetry: boolean
  /** Set by a pause, so that the abort is not taken for a cancel. */
  isPausing: boolean
  /** It was under way when the program closed or the server went away: it waits instead of failing. */
  isTakenUp: boolean
  /** The newest one, so that another run can be looked at in between. */
  preview: ServicePreview | null
}
