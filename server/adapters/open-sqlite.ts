import path from 'node:path'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import Database from 'libsql'
import { sqliteProblem } from './database-problem.ts'
import type { Tables } from './database-tables.ts'

/**
 * Opens the SQLite file of a data folder. WAL, so that readers never wait; one process owns the file. What was answered
 * is on the disk, also after a power loss.
 * libsql has binaries for every platform in its npm package and the synchronous interface Kysely's dialect expects.
 * @throws {DomainError} here and from every query: `disk_full`, `database_unavailable`, `database_damaged`
 */
export function openSqlite(file: string): Kysely<Tables> {
  const folder = path.dirname(file)
  const database = inOurWords(folder, () => {
    const opened = new Database(file)
    opened.pragma('journal_mode = WAL')
    opened.pragma('synchronous = FULL')
    opened.pragma('busy_timeout = 5000')
    opened.pragma('foreign_keys = ON')
    return opened
  })
  // libsql's types leave out `reader`, which it has.
  return new Kysely<Tables>({ dialect: new FileDialect({ database: guarded(database as never, folder) }) })
}

/** SQLite makes and changes tables within transactions, which Kysely does not count on: a migration is made whole or not. */
class FileDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

function guarded(database: SqliteDatabase, folder: string): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (text) =>
      guardedStatement(
        inOurWords(folder, () => database.prepare(text)),
        folder,
      ),
  }
}

function guardedStatement(statement: SqliteStatement, folder: string): SqliteStatement {
  return {
    reader: statement.reader,
    all: (parameters) => inOurWords(folder, () => statement.all(parameters)),
    run: (parameters) => inOurWords(folder, () => statement.run(parameters)),
    iterate: (parameters) => inOurWords(folder, () => statement.iterate(parameters)),
  }
}

function inOurWords<T>(folder: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw sqliteProblem(error, folder)
  }
}
