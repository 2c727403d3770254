import { access, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Name of the SQLite file in a data folder. */
export const SQLITE_FILE = 'cryomamba.sqlite'

/** Lies in the data folder of a server whose database is PostgreSQL. */
const POSTGRES_MARK = 'database-is-postgres'

/** Made at the first start of a server, whatever its database is. */
const SERVED_MARK = 'folder-id'

/**
 * Leaves a mark of which database the server of a folder has, for `checkFileIsDatabase`. Where it cannot be written the
 * server starts all the same: the mark only keeps commands from a mistake.
 */
export async function markDatabase(dataFolder: string, isPostgres: boolean): Promise<void> {
  const mark = path.join(dataFolder, POSTGRES_MARK)
  const done = isPostgres ? writeFile(mark, '', { mode: 0o600 }) : rm(mark, { force: true })
  await done.catch(() => undefined)
}

/**
 * Refuses a command that would write to an SQLite file which the server of the folder does not read, because the command
 * was not given the server's DATABASE_URL. A folder that no server used yet is fine.
 * @throws {DomainError} `usage`
 */
export async function checkFileIsDatabase(dataFolder: string): Promise<void> {
  const has = (name: string) =>
    access(path.join(dataFolder, name)).then(
      () => true,
      () => false,
    )
  const isFile = !(await has(POSTGRES_MARK)) && ((await has(SQLITE_FILE)) || !(await has(SERVED_MARK)))
  if (isFile) return
  throw new DomainError('usage', {
    reason: `The server of ${dataFolder} uses no SQLite file, and DATABASE_URL is not set for this command.`,
    hint: "Run it with the server's settings, as `as_server` of docs/server.md does. If the server is to use SQLite from now on, start it once first.",
  })
}
