import type { FromWorker, ToWorker } from '../inference/messages.ts'
import type { Worker, WorkerLauncher } from '../jobs/worker-launcher.ts'

/** Electron's port to the main process, as a utility process has it. */
export interface ParentPort {
  on(event: 'message', listener: (event: { data: unknown; ports: WorkerPort[] }) => void): void
  postMessage(message: unknown): void
}

interface WorkerPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: unknown): void
  start(): void
}

type FromMain = { type: 'worker_port'; id: number } | { type: 'worker_exited'; id: number; code: number | null }

interface Launched {
  worker: Worker
  setPort: (port: WorkerPort) => void
  gone: (reason: string) => void
}

/**
 * Starts workers through the app's main process, because only it can make utility processes.
 * Asks with `launch_worker`, gets a port with `worker_port`, learns of the end by `worker_exited`.
 */
export function createUtilityLauncher(parent: ParentPort, workerEntry: string): WorkerLauncher {
  const launched = new Map<number, Launched>()
  let lastId = 0
  parent.on('message', ({ data, ports }) => {
    const message = data as FromMain
    if (message.type === 'worker_port') launched.get(message.id)?.setPort(ports[0])
    else if (message.type === 'worker_exited') {
      launched.get(message.id)?.gone(`exit code ${message.code}`)
      launched.delete(message.id)
    }
  })
  return {
    launch: async (env) => {
      const id = ++lastId
      const one = makeWorker(() => parent.postMessage({ type: 'kill_worker', id }))
      launched.set(id, one)
      parent.postMessage({ type: 'launch_worker', id, entry: workerEntry, env })
      return one.worker
    },
  }
}

function makeWorker(kill: () => void): Launched {
  let port: WorkerPort | null = null
  let exitReason: string | null = null
  const waiting: ToWorker[] = []
  const messageListeners = new Set<(message: FromWorker) => void>()
  const exitListeners = new Set<Parameters<Worker['onExit']>[0]>()
  return {
    worker: {
      send: (message) => (port ? port.postMessage(message) : void waiting.push(message)),
      onMessage: (listener) => void messageListeners.add(listener),
      onExit: (listener) => {
        if (exitReason === null) exitListeners.add(listener)
        else listener({ reason: exitReason, lastLines: '' })
      },
      kill,
    },
    setPort: (given) => {
      port = given
      port.on('message', ({ data }) => {
        for (const listener of messageListeners) listener(data as FromWorker)
      })
      port.start()
      for (const message of waiting.splice(0)) port.postMessage(message)
    },
    gone: (reason) => {
      exitReason = reason
      for (const listener of exitListeners) listener({ reason, lastLines: '' })
    },
  }
}
