import { setTimeout as wait } from 'node:timers/promises'
import { DomainError } from '../shared/errors/domain-error.ts'

/** How soon work is tried again while the database is away. */
const AGAIN_MS = 1_000

/** True where the database cannot be used now and nothing is wrong with what was asked. */
export function isAway(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'database_unavailable' || error.code === 'database_in_use')
}

/** True where the database is away or the disk is full: both pass, and nothing is wrong with what was asked. */
export function mayPass(error: unknown): boolean {
  const isFull =
    error instanceof DomainError
      ? error.code === 'disk_full'
      : (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC'
  return isFull || isAway(error)
}

/**
 * Does work in the background that must not be lost because the database is away: again and again until it is back.
 * @param work may have begun before it failed; it must stand being done again
 * @param signal ends the waiting; the last error is thrown then
 * @param isWaitedFor problems after which the work is done again
 */
export async function onceBack<T>(work: () => Promise<T>, signal: AbortSignal, isWaitedFor = isAway): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isWaitedFor(error) || signal.aborted) throw error
      await wait(AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}
