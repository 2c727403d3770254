import type { FromWorker, ToWorker } from '../inference/messages.ts'

/** How a worker's process went; `lastLines` is the end of what it wrote to stderr. */
export interface WorkerExit {
  reason: string
  lastLines: string
}

/** A started worker. It runs one job, then exits by itself. */
export interface Worker {
  send(message: ToWorker): void
  onMessage(listener: (message: FromWorker) => void): void
  /** Told once when the process is gone. */
  onExit(listener: (exit: WorkerExit) => void): void
  /** What its process holds of this computer's memory, bytes; null where that cannot be told. Absent where nobody can. */
  memoryBytes?(): Promise<number | null>
  /** Ends the process at once; its memory and the device's go with it. */
  kill(): void
}

/** Starts workers: a forked process on a server, a utility process in the app, a cluster job later. */
export interface WorkerLauncher {
  launch(env: Readonly<Record<string, string>>): Promise<Worker>
}
