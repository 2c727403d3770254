import path from 'node:path'
import type { Kysely } from 'kysely'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import { DatabaseOwner } from './database-owner.ts'
import type { Tables } from './database-tables.ts'
import { checkFileIsDatabase, markDatabase, SQLITE_FILE } from './folder-database.ts'
import { migrate } from './migrations.ts'
import { openPostgres } from './open-postgres.ts'
import { openSqlite } from './open-sqlite.ts'

/** The database of a running server. */
export interface Database {
  db: Kysely<Tables>
  /** Why requests cannot be served from it now, or null. */
  problem(): DomainError | null
  /** Gives it free for another server. */
  close(): Promise<void>
}

type Place = Pick<ServerConfig, 'databaseUrl' | 'dataFolder'> & {
  /** Id of the data folder, which a PostgreSQL database belongs to. */
  folderId: string
}

/**
 * Opens the database of a server and brings its tables to the newest form: the file in the data folder, or PostgreSQL
 * where the settings name one.
 * @param onChange told when PostgreSQL went away, with the reason, and with null when it is back
 * @throws {DomainError} `database_unavailable`, `database_in_use`, `database_of_other_folder`, `database_newer`,
 *   `database_damaged`, `disk_full`, `setting_invalid`
 */
export async function openDatabase(place: Place, onChange: (problem: DomainError | null) => void): Promise<Database> {
  const database = await openWhereSet(place, onChange)
  await markDatabase(place.dataFolder, place.databaseUrl !== null)
  return database
}

async function openWhereSet(place: Place, onChange: (problem: DomainError | null) => void): Promise<Database> {
  if (place.databaseUrl === null) return openFile(path.join(place.dataFolder, SQLITE_FILE))
  try {
    return await openShared(place.databaseUrl, place, onChange)
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'database_unavailable') throw error
    const hint = 'Check that PostgreSQL runs, and host, port, user, password and database in DATABASE_URL.'
    throw new DomainError('database_unavailable', { message: error.message, hint, cause: error })
  }
}

/**
 * The tables for a command that runs beside the server (`token`, `group`): nothing is locked, each query stands alone.
 * Close it with `destroy`.
 * @throws {DomainError} as `openDatabase`, but never `database_in_use`; `usage` where no PostgreSQL is named and the
 *   server of the folder uses one
 */
export async function openTables(place: Omit<Place, 'folderId'>): Promise<Kysely<Tables>> {
  if (place.databaseUrl === null) await checkFileIsDatabase(place.dataFolder)
  const db =
    place.databaseUrl === null
      ? openSqlite(path.join(place.dataFolder, SQLITE_FILE))
      : openPostgres(place.databaseUrl).db
  await migrated(db, async () => undefined)
  return db
}

async function openFile(file: string): Promise<Database> {
  const db = openSqlite(file)
  await migrated(db, async () => undefined)
  return { db, problem: () => null, close: () => db.destroy() }
}

async function openShared(
  databaseUrl: string,
  place: Place,
  onChange: (problem: DomainError | null) => void,
): Promise<Database> {
  let cut = (): void => undefined
  const owner = await DatabaseOwner.take(databaseUrl, place, (problem) => {
    if (problem) cut()
    onChange(problem)
  })
  const tables = openPostgres(databaseUrl, () => owner.problem())
  cut = tables.cut
  const { db } = tables
  await migrated(db, () => owner.release())
  return {
    db,
    problem: () => owner.problem(),
    close: async () => {
      await db.destroy()
      await owner.release()
    },
  }
}

async function migrated(db: Kysely<Tables>, giveUp: () => Promise<void>): Promise<void> {
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    await giveUp()
    throw error
  }
}
