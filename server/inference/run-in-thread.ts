import { Worker } from 'node:worker_threads'
import { DomainError, envelopeOf, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import { rememberNetworkBytes } from './memory-plan.ts'
import { asMemoryProblem } from './memory-problem.ts'
import type { JobDescription, RunEvents, RunOutcome } from './messages.ts'
import type { NetworkSession } from './network-session.ts'
import type { RunDependencies } from './run-job.ts'
import { shallKeep } from './stop-reason.ts'
import { ThreadLife } from './thread-life.ts'
import type { FromThread, ToThread } from './thread-messages.ts'

/** Starts the thread of the first job, which then need not load its program. @returns what runs jobs, as `runInThread` */
export function prepareThread(): typeof runInThread {
  let prepared: Worker | null = newThread()
  const forget = () => {
    prepared = null
  }
  prepared.once('error', forget)
  prepared.once('exit', forget)
  // It keeps nobody from ending.
  prepared.unref()
  return (job, events, deps, signal) => {
    const thread = prepared
    prepared = null
    return runInThread(job, events, deps, signal, thread)
  }
}

function newThread(): Worker {
  return new Worker(new URL('./pipeline-thread.js', import.meta.url))
}

/**
 * Runs a job with everything but the network in a thread of its own: the network blocks this thread while it runs, and
 * meanwhile the next tiles are prepared, and the last ones added up, decoded and written beside it.
 * Same errors, same bytes as `runJob`.
 * @param prepared a thread that has its program and no job yet
 */
export function runInThread(
  job: JobDescription,
  events: RunEvents,
  deps: RunDependencies,
  signal: AbortSignal,
  prepared: Worker | null = null,
): Promise<RunOutcome> {
  // Nobody would tell the thread, which then takes it for an end that leaves nothing to the next attempt.
  if (signal.aborted) return Promise.reject(new DomainError('canceled'))
  const thread = prepared ?? newThread()
  thread.ref()
  const host = new NetworkHost(job, deps, signal)
  const life = new ThreadLife(() => thread.performance.eventLoopUtilization().active)
  events.worksBeside?.(() => life.isAlive())
  const send = (message: ToThread, buffers: ArrayBuffer[] = []) => thread.postMessage(message, buffers)
  send({ type: 'start', job, engine: deps.engine })
  const onAbort = () => send({ type: 'cancel', keep: shallKeep(signal) })
  signal.addEventListener('abort', onAbort, { once: true })
  const outcome = new Promise<RunOutcome>((resolve, reject) => {
    // One after the other, in the order in which they came.
    let last: Promise<void> = Promise.resolve()
    thread.on('message', (message: FromThread) => {
      if (message.type === 'progress') events.progress(message.progress)
      else if (message.type === 'preview') events.preview(message.header, message.payload)
      else if (message.type === 'finished') resolve(message.outcome)
      else if (message.type === 'failed') reject(errorFromEnvelope(message.error))
      else {
        const answered = last.then(() => host.answer(message, send))
        last = life.whileItWaits(() => answered)
      }
    })
    thread.once('error', (error) => reject(asMemoryProblem(error, 'The thread that streams the volume')))
    thread.once('exit', (code) => reject(new Error(`the thread of the job ended with code ${code}`)))
  })
  return outcome.finally(async () => {
    signal.removeEventListener('abort', onAbort)
    await host.close()
    await thread.terminate()
  })
}

/** The network's side: loads it when asked to, runs it tile by tile, and measures what it needs. */
class NetworkHost {
  private session: NetworkSession | null = null
  private residentBefore = 0
  private numRuns = 0
  private readonly job: JobDescription
  private readonly deps: RunDependencies
  private readonly signal: AbortSignal

  constructor(job: JobDescription, deps: RunDependencies, signal: AbortSignal) {
    this.job = job
    this.deps = deps
    this.signal = signal
  }

  async answer(
    message: Extract<FromThread, { type: 'open' | 'network' }>,
    send: (message: ToThread, buffers?: ArrayBuffer[]) => void,
  ): Promise<void> {
    if (message.type === 'open') {
      this.residentBefore = process.memoryUsage.rss()
      try {
        this.session = await this.deps.createSession(message.request)
        const { warnings = [], tilesPerRun } = this.session
        send({ type: 'opened', warnings, tilesPerRun })
      } catch (error) {
        send({ type: 'open-failed', error: envelopeOf(error) })
      }
      return
    }
    const { id, input, shape } = message
    try {
      // A run blocks this thread: the loop turns once, so that a cancel message is seen before it.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.signal.aborted) throw new DomainError('canceled')
      if (!this.session) throw new Error('the network was not opened')
      const output = await this.session.run(input, shape)
      send({ type: 'output', id, output, input }, [...transferable(output), ...transferable(input)])
      if (++this.numRuns === 2) await this.remember()
    } catch (error) {
      send({ type: 'network-failed', id, error: envelopeOf(error) })
    }
  }

  /** After the second run the arena has its size, and little else has been allocated since. */
  private async remember(): Promise<void> {
    const { cacheFolder, model, params } = this.job
    const bytes = process.memoryUsage.rss() - this.residentBefore
    if (cacheFolder && bytes > 0) await rememberNetworkBytes(cacheFolder, model.manifest, params, bytes)
  }

  async close(): Promise<void> {
    await this.session?.release()
  }
}

function transferable({ buffer }: Float32Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : []
}
