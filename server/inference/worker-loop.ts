import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { asDiskProblem } from './disk-problem.ts'
import { asMemoryProblem } from './memory-problem.ts'
import type { FromWorker, RunEvents, ToWorker } from './messages.ts'
import { postprocess } from './postprocess.ts'
import { type RunDependencies, runJob } from './run-job.ts'
import { withSmallerTiles } from './smaller-tiles.ts'
import { stopReason } from './stop-reason.ts'

/** The worker's end of its connection to the server. */
export interface WorkerChannel {
  send(message: FromWorker): void
  onMessage(listener: (message: ToWorker) => void): void
}

/** How often a worker shows that it lives. */
const PULSE_MS = 2_000

/** What a worker can be asked for. */
type Order = Exclude<ToWorker, { type: 'cancel' }>

/**
 * Serves one job over a channel: waits for `run` or `postprocess`, reports, and resolves when it has ended in any way.
 * `cancel` takes effect at the next tile.
 * @param run how a job is run; in this thread where nothing else is said
 */
export async function serveOneJob(
  channel: WorkerChannel,
  deps: RunDependencies,
  run: typeof runJob = runJob,
): Promise<void> {
  const stop = new AbortController()
  const order = new Promise<Order>((resolve) => {
    channel.onMessage((message) => {
      if (message.type === 'cancel') stop.abort(stopReason(message.keep === true))
      else resolve(message)
    })
  })
  channel.send({ type: 'ready' })
  let isAlive = () => true
  const pulse = setInterval(() => isAlive() && channel.send({ type: 'alive' }), PULSE_MS)
  pulse.unref()
  const events: RunEvents = {
    progress: (progress) => channel.send({ type: 'progress', progress }),
    preview: (header, payload) => channel.send({ type: 'preview', header, payload }),
    worksBeside: (check) => {
      isAlive = check
    },
  }
  try {
    const asked = await order
    if (asked.type === 'run')
      return channel.send({
        type: 'finished',
        outcome: await withSmallerTiles(asked.job, events, deps, stop.signal, run),
      })
    channel.send({ type: 'postprocessed', outcome: await postprocess(asked.task, deps, stop.signal) })
  } catch (error) {
    if (error instanceof DomainError && error.code === 'canceled') return channel.send({ type: 'canceled' })
    if (!(error instanceof DomainError) || error.code === 'internal') console.error(error)
    channel.send({ type: 'failed', error: envelopeOf(asMemoryProblem(asDiskProblem(error), 'The job')) })
  } finally {
    clearInterval(pulse)
  }
}
