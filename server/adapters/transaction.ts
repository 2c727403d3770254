import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import { isConflict } from './database-problem.ts'
import type { Tables } from './database-tables.ts'

/** How often a transaction is begun before its conflict is told. */
const MOST_ATTEMPTS = 5

/** Longest wait before the second attempt; it grows with each. A fraction by chance keeps two losers apart. */
const WAIT_MS = 20

/**
 * Runs `work` in a transaction. One that lost against another (deadlock, serialization) is run again from its begin, so
 * `work` must do nothing outside the database.
 * @throws {DomainError} `database_unavailable` when it lost every time
 */
export async function inTransaction<T>(db: Kysely<Tables>, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (attempt >= MOST_ATTEMPTS || !isConflict(error)) throw error
      await wait(Math.random() * WAIT_MS * attempt)
    }
  }
}
