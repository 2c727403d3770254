import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Kysely } from 'kysely'
import type { Tables } from '../adapters/database-tables.ts'
import { openPostgres } from '../adapters/open-postgres.ts'
import { openSqlite } from '../adapters/open-sqlite.ts'
import { dropPostgresDatabase, type ENGINES, postgresDatabase } from './shared-postgres.ts'

/** A new database without tables, which several connections can be opened to. */
export interface EmptyDatabase {
  open(): Kysely<Tables>
  /** Closes what was opened and deletes the database. */
  remove(): Promise<void>
}

/** Makes a database on one of the engines. */
export async function makeDatabase(engine: (typeof ENGINES)[number]): Promise<EmptyDatabase> {
  const opened: Kysely<Tables>[] = []
  const { open, remove } = engine === 'sqlite' ? await sqliteFile() : await postgresTables()
  return {
    open: () => {
      const db = open()
      opened.push(db)
      return db
    },
    remove: async () => {
      for (const db of opened) await db.destroy()
      await remove()
    },
  }
}

async function sqliteFile() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-sqlite-'))
  return {
    open: () => openSqlite(path.join(folder, 'test.sqlite')),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function postgresTables() {
  const key = randomUUID()
  const url = await postgresDatabase(key)
  return { open: () => openPostgres(url).db, remove: () => dropPostgresDatabase(key) }
}
