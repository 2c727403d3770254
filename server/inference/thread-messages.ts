import type { PreviewHeader } from '../../shared/contract/live.ts'
import type { ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { JobDescription, RunOutcome, RunProgress } from './messages.ts'
import type { SessionRequest } from './network-session.ts'

/** The one job of a thread. */
export interface ThreadStart {
  job: JobDescription
  engine: string
}

/** From the thread that streams the volume to the one that runs the network. Buffers change hands. */
export type FromThread =
  | { type: 'open'; request: SessionRequest }
  | { type: 'network'; id: number; input: Float32Array; shape: readonly number[] }
  | { type: 'progress'; progress: RunProgress }
  | { type: 'preview'; header: PreviewHeader; payload: Uint8Array }
  | { type: 'finished'; outcome: RunOutcome }
  | { type: 'failed'; error: ProblemEnvelope }

/** And back. The input of a run that succeeded comes back, too, to be filled again. */
export type ToThread =
  | ({ type: 'start' } & ThreadStart)
  | { type: 'opened'; warnings: readonly string[]; tilesPerRun?: number }
  | { type: 'open-failed'; error: ProblemEnvelope }
  | { type: 'output'; id: number; output: Float32Array; input: Float32Array }
  | { type: 'network-failed'; id: number; error: ProblemEnvelope }
  | { type: 'cancel'; keep: boolean }
