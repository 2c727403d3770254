import { setTimeout as wait } from 'node:timers/promises'
import { DomainError } from '../shared/errors/domain-error.ts'

/** How soon work is tried again while the database is away. */
export const AGAIN_MS = 1_000

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT']

/** True where the database cannot be used now and nothing is wrong with what was asked. */
export function isAway(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'database_unavailable' || error.code === 'database_in_use')
}

/** True where the database is away, or the disk or our share of it is full: both pass, and nothing is wrong with what was asked. */
export function mayPass(error: unknown): boolean {
  const isFull =
    error instanceof DomainError
      ? error.code === 'disk_full'
      : FULL.includes((error as NodeJS.ErrnoException | null)?.code)
  return isFull || isAway(error)
}

/**
 * Does work in the background that must not be lost because the database is away: again and again until it is back.
 * @param work may have begun before it failed; it must stand being done again
 * @param signal ends the waiting; the last error is thrown then
 * @param pauseMs how long a problem is waited for that was met so many times before; null: the work is not done again
 */
export async function onceBack<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  pauseMs: (error: unknown, times: number) => number | null = (error) => (isAway(error) ? AGAIN_MS : null),
): Promise<T> {
  for (let times = 0; ; times++) {
    try {
      return await work()
    } catch (error) {
      const pause = pauseMs(error, times)
      if (pause === null || signal.aborted) throw error
      await wait(pause, undefined, { signal }).catch(() => undefined)
    }
  }
}
