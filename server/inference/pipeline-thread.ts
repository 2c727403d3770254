import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { DomainError, envelopeOf, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { asDiskProblem } from './disk-problem.ts'
import { measureInThread } from './measure-in-thread.ts'
import type { NetworkSession, SessionFactory } from './network-session.ts'
import { runJob } from './run-job.ts'
import { stopReason } from './stop-reason.ts'
import type { FromThread, ThreadStart, ToThread } from './thread-messages.ts'
import { TILES_AHEAD } from './tiles-ahead.ts'

/** The program of the thread that streams a volume through a network that runs in the thread above. */
if (!parentPort) throw new Error('this program runs as a thread')
const port = parentPort
const send = (message: FromThread, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers)
const stop = new AbortController()

/**
 * Below the network, which then leaves this thread little more than what it does not use itself; but far from idle, so that
 * other programs slow it down no more than the network.
 */
const NICENESS = 10

interface Waiting {
  resolve(output: Float32Array): void
  reject(error: unknown): void
}

const waiting = new Map<number, Waiting>()

/** Buffers of inputs that came back. All runs of a job are of one length. */
const usedInputs: Float32Array<ArrayBuffer>[] = []
type Opened = Extract<ToThread, { type: 'opened' }>

let opening: { resolve(opened: Opened): void; reject(error: unknown): void } | null = null

port.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'start':
      return void work(message)
    case 'opened':
      return opening?.resolve(message)
    case 'open-failed':
      return opening?.reject(errorFromEnvelope(message.error))
    case 'output':
      usedInputs.push(message.input as Float32Array<ArrayBuffer>)
      return settle(message.id)?.resolve(message.output)
    case 'network-failed':
      return settle(message.id)?.reject(errorFromEnvelope(message.error))
    case 'cancel':
      return stop.abort(stopReason(message.keep))
  }
})

function settle(id: number): Waiting | undefined {
  const found = waiting.get(id)
  waiting.delete(id)
  return found
}

const createSession: SessionFactory = async (request) => {
  const { warnings, tilesPerRun } = await new Promise<Opened>((resolve, reject) => {
    opening = { resolve, reject }
    send({ type: 'open', request })
  })
  let nextId = 0
  const session: NetworkSession = {
    warnings,
    tilesPerRun,
    numAhead: TILES_AHEAD,
    run: (input, shape) => {
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        // The caller keeps its buffer; the copy goes to the other thread without another one.
        const copy = usedInputs.pop() ?? new Float32Array(input.length)
        copy.set(input)
        send({ type: 'network', id, input: copy, shape }, [copy.buffer])
      })
    },
    release: async () => undefined,
  }
  return session
}

const events = {
  progress: (progress: Extract<FromThread, { type: 'progress' }>['progress']) => send({ type: 'progress', progress }),
  preview: (header: Extract<FromThread, { type: 'preview' }>['header'], payload: Uint8Array) =>
    send({ type: 'preview', header, payload }),
}

async function work({ job, engine }: ThreadStart): Promise<void> {
  // The network's threads wait for each other at every layer: what works beside them takes the time that they leave. On
  // Linux priorities are of threads; elsewhere this would be the network's too. A GPU shall not wait for this thread.
  // What was started lower stays there.
  const isBesideNetwork = process.platform === 'linux' && job.params.provider === 'cpu'
  if (isBesideNetwork && getPriority(0) < NICENESS) setPriority(0, NICENESS)
  const deps = { openVolume: openVolumeFile, createSession, engine, startMeasuring: measureInThread }
  try {
    send({ type: 'finished', outcome: await runJob(job, events, deps, stop.signal) })
  } catch (error) {
    const isOurs = error instanceof DomainError && error.code !== 'internal'
    if (!isOurs) console.error(error)
    send({ type: 'failed', error: envelopeOf(asDiskProblem(error)) })
  }
}
