import type { WorkerLauncher } from '../jobs/worker-launcher.ts'

/** What is told of workers. */
export interface WorkerCounts {
  started(): void
  /** A worker ended without being asked to, other than by finishing. */
  crashed(): void
}

/** The same launcher; starts and crashes of its workers are counted. */
export function watchedLauncher(launcher: WorkerLauncher, counts: WorkerCounts): WorkerLauncher {
  return {
    launch: async (env) => {
      const worker = await launcher.launch(env)
      counts.started()
      let isKilled = false
      worker.onExit(({ reason }) => {
        if (!isKilled && reason !== 'exit code 0') counts.crashed()
      })
      return {
        send: (message) => worker.send(message),
        onMessage: (listener) => worker.onMessage(listener),
        onExit: (listener) => worker.onExit(listener),
        memoryBytes: async () => (await worker.memoryBytes?.()) ?? null,
        kill: () => {
          isKilled = true
          worker.kill()
        },
      }
    },
  }
}
