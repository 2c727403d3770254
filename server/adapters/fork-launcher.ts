import { fork } from 'node:child_process'
import type { FromWorker, ToWorker } from '../inference/messages.ts'
import type { Worker, WorkerLauncher } from '../jobs/worker-launcher.ts'
import { LastLines } from './last-lines.ts'

/** Starts workers as child processes of a server. Secrets of the server are not handed down. */
export function createForkLauncher(workerEntry: string): WorkerLauncher {
  return {
    launch: async (env) => {
      const { CRYOMAMBA_TOKEN: _token, ...inherited } = process.env
      const child = fork(workerEntry, [], {
        env: { ...inherited, ...env },
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      const stderr = new LastLines()
      child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.add(text))
      let exitReason: string | null = null
      const listeners = new Set<Parameters<Worker['onExit']>[0]>()
      const gone = (reason: string) => {
        if (exitReason !== null) return
        exitReason = reason
        for (const listener of listeners) listener({ reason, lastLines: stderr.toString() })
      }
      child.once('close', (code, signal) => gone(signal ? `killed by ${signal}` : `exit code ${code}`))
      child.once('error', () => gone('it could not be started'))
      return {
        send: (message: ToWorker) => void (child.connected && child.send(message, () => undefined)),
        onMessage: (listener) => void child.on('message', (message) => listener(message as FromWorker)),
        onExit: (listener) => {
          if (exitReason !== null) listener({ reason: exitReason, lastLines: stderr.toString() })
          else listeners.add(listener)
        },
        kill: () => void child.kill('SIGKILL'),
      }
    },
  }
}
