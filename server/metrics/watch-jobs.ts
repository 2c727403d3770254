import type { LiveFrame } from '../../shared/contract/live.ts'
import type { JobRecord } from '../jobs/job-repository.ts'
import type { ServerMetrics } from './server-metrics.ts'

/** What is asked of the jobs. */
export interface JobFacts {
  find(jobId: string): Promise<JobRecord | null>
}

/** Counts tiles, waits and ends of jobs as they are told. @returns the listener for all frames of all jobs */
export function jobFigures(metrics: ServerMetrics, jobs: JobFacts): (frame: LiveFrame) => void {
  const tilesOf = new Map<string, number>()
  const stateChanged = async (jobId: string, state: string): Promise<void> => {
    const job = await jobs.find(jobId)
    if (!job) return
    const startedMs = Date.parse(job.startedAt ?? '')
    if (state === 'running' && job.attempt === 1) metrics.jobStarted((startedMs - Date.parse(job.createdAt)) / 1000)
    if (state !== 'completed' && state !== 'failed' && state !== 'canceled') return
    const seconds = job.startedAt === null ? 0 : (Date.parse(job.finishedAt ?? '') - startedMs) / 1000
    metrics.jobEnded(state, job.model, Number.isFinite(seconds) ? Math.max(0, seconds) : 0)
  }
  return (frame) => {
    const { job_id: jobId } = frame
    if (frame.type === 'progress') {
      const { tiles_done: done, tiles_per_second: speed } = frame.data
      // Before the first tile of an attempt no speed is known: what is done then was done by an earlier one.
      if (speed !== null) metrics.tilesDone(Math.max(0, done - (tilesOf.get(jobId) ?? 0)))
      tilesOf.set(jobId, done)
    }
    if (frame.type !== 'state') return
    // The first preview changes the state too, and counts on.
    if (frame.data.state !== 'running' && frame.data.state !== 'previewing') tilesOf.delete(jobId)
    void stateChanged(jobId, frame.data.state).catch(() => undefined)
  }
}
