import { DomainError } from '../errors/domain-error.ts'

const FIRST_MS = 250
const MOST_MS = 15_000

/** Waits between tries: anything up to a bound that doubles from 0.25 s to 15 s, so that clients that were lost together spread. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures, 10))
}

/** Resolves after a time. @throws {DomainError} `canceled` */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new DomainError('canceled'))
    const abort = () => {
      clearTimeout(timer)
      reject(new DomainError('canceled'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
