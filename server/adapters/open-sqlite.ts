import { Kysely, SqliteDialect } from 'kysely'
import Database from 'libsql'
import type { Tables } from './database-tables.ts'

/**
 * Opens the SQLite file of a data folder. WAL, so that readers never wait; one process owns the file.
 * libsql has binaries for every platform in its npm package and the synchronous interface Kysely's dialect expects.
 */
export function openSqlite(file: string): Kysely<Tables> {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.pragma('busy_timeout = 5000')
  database.pragma('foreign_keys = ON')
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: database as never }) })
}
