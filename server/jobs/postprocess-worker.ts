import { DomainError, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { PostprocessOutcome, PostprocessTask } from '../inference/messages.ts'
import type { WorkerLauncher } from './worker-launcher.ts'

export interface WorkerLimits {
  /** A worker silent for this long is ended. */
  silentMs: number
  /** One that works for longer is, too. */
  totalMs: number
}

/** How often the limits are looked at, unless they are shorter. */
const LOOK_MS = 5_000

/**
 * Makes another mask in a process of its own, which is ended where it hangs or takes too long.
 * @throws {DomainError} what the worker says, `worker_lost`, `job_time_limit`
 */
export async function postprocessInWorker(
  launcher: WorkerLauncher,
  task: PostprocessTask,
  { silentMs, totalMs }: WorkerLimits,
): Promise<PostprocessOutcome> {
  const worker = await launcher.launch({})
  const startedMs = performance.now()
  let heardMs = startedMs
  let watch: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve, reject) => {
      worker.onMessage((message) => {
        heardMs = performance.now()
        if (message.type === 'ready') worker.send({ type: 'postprocess', task })
        else if (message.type === 'postprocessed') resolve(message.outcome)
        else if (message.type === 'failed') reject(errorFromEnvelope(message.error))
      })
      worker.onExit(({ reason }) => reject(new DomainError('worker_lost', { reason })))
      const end = (problem: DomainError) => {
        reject(problem)
        worker.kill()
      }
      watch = setInterval(
        () => {
          const nowMs = performance.now()
          if (nowMs - heardMs > silentMs) end(hangs(nowMs - heardMs))
          else if (nowMs - startedMs > totalMs) end(tooLong(totalMs))
        },
        Math.min(LOOK_MS, silentMs / 4, totalMs / 4),
      )
      watch.unref()
    })
  } finally {
    clearInterval(watch)
  }
}

function hangs(ms: number): DomainError {
  return new DomainError('worker_lost', { reason: `no sign of life for ${Math.round(ms / 1000)} s` })
}

function tooLong(ms: number): DomainError {
  return new DomainError('job_time_limit', {
    message: `Making the other mask took longer than ${ms / 3600_000} h and was ended.`,
    hint: 'Ask again when the server has less to do, or have the limit raised.',
  })
}
