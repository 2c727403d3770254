import path from 'node:path'
import {
  type Driver,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely'
import Database from 'libsql'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { sqliteProblem, unsyncedProblem } from './database-problem.ts'
import type { Tables } from './database-tables.ts'
import { WriteAheadLog, type WriteAheadLogNeeds } from './write-ahead-log.ts'

/**
 * Opens the SQLite file of a data folder. WAL, so that readers never wait; one process owns the file. A change is on the
 * disk before its promise resolves, also after a power loss; other work goes on while the disk is waited for.
 * libsql has binaries for every platform in its npm package and the synchronous interface Kysely's dialect expects.
 * @throws {DomainError} here and from every query: `disk_full`, `database_unavailable`, `database_damaged`
 */
export function openSqlite(file: string, forTests: Partial<WriteAheadLogNeeds> = {}): Kysely<Tables> {
  const folder = path.dirname(file)
  const database = inOurWords(folder, () => {
    const opened = new Database(file)
    const [{ journal_mode: mode }] = opened.pragma('journal_mode = WAL') as [{ journal_mode: string }]
    if (mode !== 'wal')
      throw new DomainError('database_unavailable', { reason: 'its folder cannot hold a write-ahead log' })
    // The log is synced after each commit, beside this thread.
    opened.pragma('synchronous = NORMAL')
    opened.pragma('busy_timeout = 5000')
    opened.pragma('foreign_keys = ON')
    return opened
  })
  const writeBack = () => {
    const [{ busy }] = database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }]
    if (busy !== 0) throw new Error('the write-ahead log is in use')
  }
  const log = new WriteAheadLog({ databaseFile: file, writeBack, ...forTests })
  return new Kysely<Tables>({ dialect: new FileDialect(database, folder, log) })
}

/** SQLite makes and changes tables within transactions, which Kysely does not count on: a migration is made whole or not. */
class FileDialect extends SqliteDialect {
  private readonly makeDriver: () => Driver

  constructor(database: Database.Database, folder: string, log: WriteAheadLog) {
    const changes = new Changes()
    // libsql's types leave out `reader`, which it has.
    const config = { database: guarded(database as never, folder, changes) }
    super(config)
    this.makeDriver = () => new SyncedDriver(config, folder, changes, log)
  }

  override createDriver(): Driver {
    return this.makeDriver()
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

/** Statements that leave nothing to be synced. */
const CHANGES_NOTHING = /^\s*(select|begin|commit|savepoint|pragma)\b/i

const UNDOES_ALL = /^\s*rollback\s*$/i

/** Whether anything was changed since it was last asked. One query or transaction has the connection at a time. */
class Changes {
  private areThere = false

  ran(text: string): void {
    if (UNDOES_ALL.test(text)) this.areThere = false
    else this.areThere ||= !CHANGES_NOTHING.test(text)
  }

  take(): boolean {
    const wereThere = this.areThere
    this.areThere = false
    return wereThere
  }
}

/**
 * Who changed something goes on when it is on the disk; meanwhile the connection is another's, who may see the change.
 * A query or `transaction().execute` is one turn; statements of `connection().execute` are told before they are synced.
 */
class SyncedDriver extends SqliteDriver {
  private readonly folder: string
  private readonly changes: Changes
  private readonly log: WriteAheadLog

  constructor(
    config: ConstructorParameters<typeof SqliteDriver>[0],
    folder: string,
    changes: Changes,
    log: WriteAheadLog,
  ) {
    super(config)
    this.folder = folder
    this.changes = changes
    this.log = log
  }

  override async releaseConnection(): Promise<void> {
    const mustSync = this.changes.take()
    await super.releaseConnection()
    if (!mustSync) return
    try {
      await this.log.synced()
    } catch (error) {
      throw unsyncedProblem(error, this.folder)
    }
  }

  override async destroy(): Promise<void> {
    try {
      await this.log.close()
    } finally {
      await super.destroy()
    }
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

function guarded(database: SqliteDatabase, folder: string, changes: Changes): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (text) => {
      const statement = inOurWords(folder, () => database.prepare(text))
      return guardedStatement(statement, folder, () => changes.ran(text))
    },
  }
}

function guardedStatement(statement: SqliteStatement, folder: string, ran: () => void): SqliteStatement {
  const guardedRun = <T>(work: () => T): T => {
    const found = inOurWords(folder, work)
    ran()
    return found
  }
  return {
    reader: statement.reader,
    all: (parameters) => guardedRun(() => statement.all(parameters)),
    run: (parameters) => guardedRun(() => statement.run(parameters)),
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
