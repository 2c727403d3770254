import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { POSTGRES_BIN, postgresUrl, startPostgres, type TestPostgres } from './postgres.ts'

/** Name of the variable that tells all processes of a run where the shared PostgreSQL is noted. */
export const SHARED_POSTGRES = 'CRYOMAMBA_TEST_POSTGRES'

/** The file there once it runs: `{folder, port}`. */
export const NOTE = 'ready.json'

/** The engines that tests of the database run on, in this order. */
export const ENGINES: readonly ('sqlite' | 'postgres')[] = POSTGRES_BIN ? ['sqlite', 'postgres'] : ['sqlite']

/**
 * The database of a data folder for the tests of whole servers: a database of its own in the shared PostgreSQL where the
 * run is to be on PostgreSQL (`CRYOMAMBA_TEST_DATABASE=postgres`), made at the first call; else null, for the SQLite file.
 */
export async function databaseOfFolder(dataFolder: string): Promise<string | null> {
  return process.env.CRYOMAMBA_TEST_DATABASE === 'postgres' ? postgresDatabase(dataFolder) : null
}

/** The same as a setting for a program that is started. */
export async function databaseSetting(dataFolder: string): Promise<{ DATABASE_URL: string }> {
  return { DATABASE_URL: (await databaseOfFolder(dataFolder)) ?? 'sqlite' }
}

/** A database of the shared PostgreSQL for a key; the same key gives the same one. @returns its address */
export async function postgresDatabase(key: string): Promise<string> {
  const port = await sharedPort()
  const name = nameOf(key)
  await asAdmin(port, async (admin) => {
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 0) await admin.query(`create database ${name}`)
  })
  return postgresUrl(port, name)
}

/** Makes a PostgreSQL that is running the one that this process and those it starts use for every database. */
export async function sharePostgres(postgres: TestPostgres): Promise<void> {
  const { folder, port } = postgres
  process.env.CRYOMAMBA_TEST_DATABASE = 'postgres'
  process.env[SHARED_POSTGRES] = folder
  await mkdir(path.join(folder, 'starting'))
  await writeFile(path.join(folder, NOTE), JSON.stringify({ folder, port }))
}

/** Deletes the database of a key, whoever is connected to it. */
export async function dropPostgresDatabase(key: string): Promise<void> {
  await asAdmin(await sharedPort(), (admin) => admin.query(`drop database if exists ${nameOf(key)} with (force)`))
}

/** Deletes what `databaseOfFolder` made. */
export async function dropDatabaseOfFolder(dataFolder: string): Promise<void> {
  if (process.env.CRYOMAMBA_TEST_DATABASE === 'postgres') await dropPostgresDatabase(dataFolder)
}

function nameOf(key: string): string {
  return `test_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`
}

async function asAdmin(port: number, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: postgresUrl(port, 'postgres') })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}

/** The first process that asks starts it, the others wait. */
async function sharedPort(): Promise<number> {
  const folder = process.env[SHARED_POSTGRES]
  if (!folder) throw new Error('this test needs the setup of build/vitest.config.ts')
  const isFirst = await mkdir(path.join(folder, 'starting')).then(
    () => true,
    () => false,
  )
  if (isFirst) {
    const { folder: at, port } = await startPostgres()
    await writeFile(path.join(folder, 'note.partial'), JSON.stringify({ folder: at, port }))
    await rename(path.join(folder, 'note.partial'), path.join(folder, NOTE))
    return port
  }
  for (;;) {
    const note = await readFile(path.join(folder, NOTE), 'utf8').catch(() => null)
    if (note) return JSON.parse(note).port
    await wait(50)
  }
}
