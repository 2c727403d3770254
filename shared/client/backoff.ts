import { DomainError } from '../errors/domain-error.ts'

/** Waits between tries: doubling from 0.25 s to 15 s, each cut by a random part so that clients spread. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(15_000, 250 * 2 ** Math.min(failures, 10))
  return full / 2 + (full / 2) * random()
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
