import { fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { FromWorker, ToWorker } from '../inference/messages.ts'
import type { Worker, WorkerLauncher } from '../jobs/worker-launcher.ts'
import { heldMemory } from './held-memory.ts'
import { inheritedEnv } from './inherited-env.ts'
import { LastLines } from './last-lines.ts'
import { withStderrReason } from './provider-problem.ts'

/** A worker that failed ends at once, and its stderr is complete then; longer it is not waited for. */
const STDERR_WAIT_MS = 2_000

/** Starts workers as child processes of a server. Secrets of the server are not handed down. */
export function createForkLauncher(workerEntry: string): WorkerLauncher {
  return {
    launch: async (env) => {
      const child = fork(workerEntry, [], {
        env: { ...inheritedEnv(), ...env },
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      const stderr = new LastLines()
      child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.add(text))
      let exitReason: string | null = null
      const listeners = new Set<Parameters<Worker['onExit']>[0]>()
      /** Settles when a message that waits for stderr has been told; the exit is told after it. */
      let told: Promise<void> = Promise.resolve()
      const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
      const gone = (reason: string) => {
        if (exitReason !== null) return
        exitReason = reason
        for (const listener of listeners) listener({ reason, lastLines: stderr.toString() })
      }
      child.once('close', (code, signal) => {
        const reason = signal ? `killed by ${signal}` : `exit code ${code}`
        void told.then(() => gone(reason))
      })
      child.once('error', () => gone('it could not be started'))
      return {
        send: (message: ToWorker) => void (child.connected && child.send(message, () => undefined)),
        onMessage: (listener) => {
          child.on('message', (received) => {
            const message = received as FromWorker
            if (message.type !== 'failed' || message.error.code !== 'provider_unavailable') return listener(message)
            // The reason is on stderr, which comes by another way than the message.
            told = Promise.race([closed, delay(STDERR_WAIT_MS, undefined, { ref: false })]).then(() =>
              listener({ ...message, error: withStderrReason(message.error, stderr.toString()) }),
            )
          })
        },
        onExit: (listener) => {
          if (exitReason !== null) listener({ reason: exitReason, lastLines: stderr.toString() })
          else listeners.add(listener)
        },
        memoryBytes: async () => (child.pid === undefined || exitReason !== null ? null : heldMemory(child.pid)),
        kill: () => void child.kill('SIGKILL'),
      }
    },
  }
}
