import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { asDiskProblem } from './disk-problem.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { type RunDependencies, runJob } from './run-job.ts'

/** The worker's end of its connection to the server. */
export interface WorkerChannel {
  send(message: FromWorker): void
  onMessage(listener: (message: ToWorker) => void): void
}

/**
 * Serves one job over a channel: waits for `run`, reports, and resolves when the job has ended in any way.
 * `cancel` takes effect at the next tile.
 * @param run how a job is run; in this thread where nothing else is said
 */
export async function serveOneJob(
  channel: WorkerChannel,
  deps: RunDependencies,
  run: typeof runJob = runJob,
): Promise<void> {
  const stop = new AbortController()
  const job = new Promise<Extract<ToWorker, { type: 'run' }>['job']>((resolve) => {
    channel.onMessage((message) => {
      if (message.type === 'run') resolve(message.job)
      else stop.abort(new DomainError('canceled'))
    })
  })
  channel.send({ type: 'ready' })
  const events = {
    progress: (progress: Extract<FromWorker, { type: 'progress' }>['progress']) =>
      channel.send({ type: 'progress', progress }),
    preview: (header: Extract<FromWorker, { type: 'preview' }>['header'], payload: Uint8Array) =>
      channel.send({ type: 'preview', header, payload }),
  }
  try {
    channel.send({ type: 'finished', outcome: await run(await job, events, deps, stop.signal) })
  } catch (error) {
    if (error instanceof DomainError && error.code === 'canceled') return channel.send({ type: 'canceled' })
    if (!(error instanceof DomainError) || error.code === 'internal') console.error(error)
    channel.send({ type: 'failed', error: envelopeOf(asDiskProblem(error)) })
  }
}
