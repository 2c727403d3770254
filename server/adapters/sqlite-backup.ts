import { chmod, link, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import Database from 'libsql'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { sqliteProblem } from './database-problem.ts'

/** How often a copy is made again because the server wrote meanwhile, before it is taken without comparing rows. */
const MOST_COPIES = 5

/** A backup that was made and checked. */
export interface SqliteBackup {
  file: string
  sizeBytes: number
  /** Rows by table, as they are in the copy. */
  rows: Record<string, number>
  /** Whether the rows were compared with the source; false where the server wrote during each of several copies. */
  isCompared: boolean
}

/**
 * Copies a SQLite database, which may be in use, into one file as it stood at one moment: by `VACUUM INTO`, checked by
 * SQLite's `integrity_check` and by the number of rows of each table, synced, and put in its place whole.
 * @param target must not exist
 * @throws {DomainError} `backup_failed`, `database_damaged`; nothing is left at `target`
 */
export async function backupSqlite(source: string, target: string): Promise<SqliteBackup> {
  if (!(await exists(source))) throw new DomainError('backup_failed', { reason: `there is no database ${source}` })
  if (await exists(target)) throw occupied(target)
  const partial = `${target}.partial`
  try {
    const { rows, isCompared } = await copyAndCompare(source, partial)
    await settle(partial)
    await place(partial, target)
    return { file: target, sizeBytes: (await stat(target)).size, rows, isCompared }
  } catch (error) {
    throw backupProblem(error, path.dirname(target))
  } finally {
    await rm(partial, { force: true })
  }
}

async function copyAndCompare(source: string, partial: string) {
  const database = new Database(source)
  try {
    database.pragma('busy_timeout = 5000')
    for (let copy = 1; ; copy++) {
      await rm(partial, { force: true })
      const version = versionOf(database)
      const expected = countRows(database)
      database.prepare('vacuum into ?').run(partial)
      const isQuiet = versionOf(database) === version
      if (!isQuiet && copy < MOST_COPIES) continue
      const rows = checkedRows(partial)
      if (isQuiet) compareRows(expected, rows)
      return { rows, isCompared: isQuiet }
    }
  } finally {
    database.close()
  }
}

/** Changes whenever another connection has written. */
function versionOf(database: Database.Database): number {
  return (database.prepare('pragma data_version').all() as { data_version: number }[])[0].data_version
}

function countRows(database: Database.Database): Record<string, number> {
  const tables = database
    .prepare(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    )
    .all() as { name: string }[]
  const count = (name: string) => database.prepare(`select count(*) as n from "${name}"`).all() as { n: number }[]
  return Object.fromEntries(tables.map(({ name }) => [name, count(name)[0].n]))
}

/** @throws {DomainError} `database_damaged` */
function checkedRows(file: string): Record<string, number> {
  const copy = new Database(file)
  try {
    const found = copy.prepare('pragma integrity_check').all() as { integrity_check: string }[]
    const broken = copy.prepare('pragma foreign_key_check').all()
    if (found.length !== 1 || found[0].integrity_check !== 'ok' || broken.length > 0)
      throw new DomainError('database_damaged', { cause: found })
    return countRows(copy)
  } finally {
    copy.close()
  }
}

function compareRows(expected: Record<string, number>, found: Record<string, number>): void {
  for (const [table, n] of Object.entries(expected))
    if (found[table] !== n)
      throw new DomainError('backup_failed', { reason: `table ${table} has ${n} rows, the copy ${found[table] ?? 0}` })
}

/** Nobody else may read it, for it holds names and hashes of tokens; and it outlives a power cut. */
async function settle(file: string): Promise<void> {
  await chmod(file, 0o600)
  const handle = await open(file, 'r+')
  await handle.sync()
  await handle.close()
}

/** Gives the file its name without ever replacing another one, where the file system has links. */
async function place(partial: string, target: string): Promise<void> {
  try {
    await link(partial, target)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST' || (await exists(target))) throw occupied(target)
    await rename(partial, target)
  }
}

function occupied(target: string): DomainError {
  return new DomainError('backup_failed', { reason: `${target} exists already` })
}

function backupProblem(error: unknown, folder: string): unknown {
  const known = sqliteProblem(error, folder)
  if (!(known instanceof DomainError)) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) return error
    return new DomainError('backup_failed', { reason: `${folder} refused the file (${code})`, cause: error })
  }
  if (known.code === 'disk_full')
    return new DomainError('backup_failed', { reason: `the disk of ${folder} is full`, cause: error })
  return known
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null
}
