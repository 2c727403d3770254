import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { isBrokenConnection, isConflict, postgresProblem } from './database-problem.ts'
import type { Tables } from './database-tables.ts'

/** Connections of one server: its queries are short, and a lab's PostgreSQL allows 100 in all. */
const MOST_CONNECTIONS = 10

/** PostgreSQL that does not answer for this long counts as away. */
const CONNECT_MS = 5_000

/** No query of ours takes seconds; one that does is stuck. */
const QUERY_MS = 20_000

/** A statement outside a transaction that lost against another is run again at most this often. */
const MOST_CONFLICTS = 3

/** Types that PostgreSQL's driver hands over as text because they may be larger than a number holds; ours never are. */
const [BIGINT, NUMERIC] = [20, 1700]

/**
 * How every connection to PostgreSQL is made. Both ends notice when the other is gone without a word.
 * @throws {DomainError} `setting_invalid` where the address names a file that cannot be read
 */
export function postgresOptions(databaseUrl: string): pg.ClientConfig {
  try {
    // The driver reads the files of certificates here, before the first connection.
    new pg.Client({ connectionString: databaseUrl })
  } catch (cause) {
    throw new DomainError('setting_invalid', { name: 'DATABASE_URL', reason: 'its options cannot be used', cause })
  }
  return {
    connectionString: databaseUrl,
    application_name: 'cryomamba',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    statement_timeout: QUERY_MS,
    idle_in_transaction_session_timeout: QUERY_MS,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === BIGINT || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format as 'text'),
    },
  }
}

/** Tables in PostgreSQL. */
export interface PostgresTables {
  db: Kysely<Tables>
  /** Ends the queries that run now with `database_unavailable`, for their answers will not come or must not count. */
  cut(): void
}

/**
 * A pool of connections to PostgreSQL. Nothing is connected yet.
 * @param refusal asked before every use: why the database must not be used now, or null
 * @throws {DomainError} from every query: `database_unavailable`, `disk_full`, and what `refusal` says
 */
export function openPostgres(databaseUrl: string, refusal: () => DomainError | null = () => null): PostgresTables {
  const pool = new pg.Pool({ ...postgresOptions(databaseUrl), max: MOST_CONNECTIONS })
  // A connection can break while nobody waits for it; the next use meets it and says so.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const borrowed = new Set<pg.PoolClient>()
  return {
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded(pool, borrowed, refusal) }) }),
    cut: () => {
      for (const client of borrowed) void client.end().catch(() => undefined)
    },
  }
}

function guarded(pool: pg.Pool, borrowed: Set<pg.PoolClient>, refusal: () => DomainError | null): PostgresPool {
  return {
    connect: async () => {
      const refused = refusal()
      if (refused) throw refused
      try {
        const client = await pool.connect()
        borrowed.add(client)
        const release = (isBroken: boolean) => {
          borrowed.delete(client)
          client.release(isBroken)
        }
        // Kysely's type also has cursors, which we never open.
        return guardedClient(client, release) as unknown as PostgresPoolClient
      } catch (error) {
        throw postgresProblem(error)
      }
    },
    end: () => pool.end(),
  }
}

/** One connection for as long as it is borrowed: errors in our words, a broken one is not used again. */
function guardedClient(client: pg.PoolClient, release: (isBroken: boolean) => void) {
  let isBroken = false
  let isInTransaction = false
  const attempt = async (text: string, parameters: unknown[]) => {
    try {
      return await client.query(text, parameters)
    } catch (error) {
      isBroken ||= isBrokenConnection(error)
      throw postgresProblem(error)
    }
  }
  return {
    query: async (text: string, parameters: readonly unknown[]) => {
      if (/^(begin|start transaction)/.test(text)) isInTransaction = true
      for (let conflicts = 0; ; conflicts++) {
        try {
          return await attempt(text, [...parameters])
        } catch (error) {
          // Within a transaction only the whole of it can be done again.
          if (isInTransaction || conflicts >= MOST_CONFLICTS || !isConflict(error)) throw error
        }
      }
    },
    release: () => release(isBroken),
  }
}
