import type { JobState } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** States of jobs that have a worker. */
export const RUNNING: readonly JobState[] = ['running', 'previewing']

/** States of jobs that still need their volume and their model. */
export const UNFINISHED: readonly JobState[] = ['queued', 'paused', ...RUNNING]

/** Every move there is. `running → queued` happens only when a worker is lost or the server stops. */
const MOVES: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['running', 'canceled', 'failed', 'paused'],
  running: ['previewing', 'completed', 'failed', 'canceled', 'queued', 'paused'],
  previewing: ['completed', 'failed', 'canceled', 'queued', 'paused'],
  paused: ['queued', 'canceled'],
  completed: [],
  failed: ['queued'],
  canceled: ['queued'],
}

/** States from which a job can move to `to`. */
export function statesBefore(to: JobState): JobState[] {
  return (Object.keys(MOVES) as JobState[]).filter((from) => MOVES[from].includes(to))
}

/** True once nothing more will happen to the job by itself. */
export function isFinished(state: JobState): boolean {
  return !UNFINISHED.includes(state)
}

/** @throws {DomainError} `job_state` when the move does not exist */
export function checkMove(from: JobState, to: JobState, action: string): void {
  if (!MOVES[from].includes(to)) throw new DomainError('job_state', { state: from, action })
}
