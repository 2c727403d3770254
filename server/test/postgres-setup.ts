import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { POSTGRES_BIN, removePostgres } from './postgres.ts'
import { NOTE, SHARED_POSTGRES } from './shared-postgres.ts'

/** Before and after a whole run of the tests: a place for the one PostgreSQL that test files share once one asks for it. */
export default async function setup(): Promise<() => Promise<void>> {
  if (!POSTGRES_BIN) console.warn('PostgreSQL is not installed here: tests of the server on PostgreSQL are skipped.')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-tests-'))
  process.env[SHARED_POSTGRES] = folder
  return async () => {
    const note = await readFile(path.join(folder, NOTE), 'utf8').catch(() => null)
    if (note) await removePostgres(JSON.parse(note).folder)
    await rm(folder, { recursive: true, force: true })
  }
}
