import { stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { DomainError } from '../shared/errors/domain-error.ts'
import { SQLITE_FILE } from './adapters/folder-database.ts'
import { keepNewest, nextBackup } from './adapters/kept-backups.ts'
import { backupSqlite, type SqliteBackup } from './adapters/sqlite-backup.ts'
import { readConfig } from './config.ts'
import { runCommand } from './run-command.ts'

/** `cryomamba backup --out FILE|FOLDER [--keep N]`: a copy of the database file, while the server runs or not. */
async function main(argv: string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: argv,
    options: { data: text, out: text, keep: text, json: { type: 'boolean', default: false } },
  })
  if (!values.out) throw new DomainError('usage', { reason: 'backup needs --out FILE or --out FOLDER.' })
  const numKept = readKeep(values.keep)
  const env = { ...process.env, ...(values.data === undefined ? {} : { CRYOMAMBA_DATA: values.data }) }
  const config = readConfig(env, { dataFolder: path.join(os.homedir(), '.cryomamba', 'server'), modelFolders: [] })
  if (config.databaseUrl !== null)
    throw new DomainError('usage', {
      reason: 'The database is PostgreSQL: this command copies SQLite files only.',
      hint: 'Use pg_dump --format=custom --file=FILE "$DATABASE_URL", and pg_restore to bring it back.',
    })
  const source = path.join(config.dataFolder, SQLITE_FILE)
  const folder = await outFolder(values.out, numKept)
  const made = await backupSqlite(source, folder ? await nextBackup(folder) : path.resolve(values.out))
  const removed = folder && numKept !== null ? await keepNewest(folder, numKept) : []
  if (values.json) console.log(JSON.stringify(asJson(made, removed)))
  else console.log(asText(made, removed, source))
}

/** @throws {DomainError} `usage` */
function readKeep(text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new DomainError('usage', { reason: '--keep takes a whole number from 1.' })
}

/** The folder that backups are gathered in, or null where one file is named. @throws {DomainError} `usage` */
async function outFolder(out: string, numKept: number | null): Promise<string | null> {
  const found = await stat(out).catch(() => null)
  if (found?.isDirectory() || out.endsWith('/') || (numKept !== null && !found)) return path.resolve(out)
  if (numKept !== null) throw new DomainError('usage', { reason: '--keep needs a folder as --out.' })
  return null
}

function asJson({ file, sizeBytes, rows, isCompared }: SqliteBackup, removed: string[]) {
  return { file, size_bytes: sizeBytes, rows, rows_compared: isCompared, removed }
}

function asText({ file, sizeBytes, rows, isCompared }: SqliteBackup, removed: string[], source: string): string {
  const numRows = Object.values(rows).reduce((sum, n) => sum + n, 0)
  return [
    `${file}: ${sizeBytes} bytes, ${rows.volumes ?? 0} volumes, ${rows.jobs ?? 0} jobs, ${numRows} rows in all. It is whole${isCompared ? '' : '; the server wrote all the time, so rows could not be compared'}.`,
    ...(removed.length > 0 ? [`Deleted: ${removed.join(', ')}`] : []),
    'To restore it: stop the server, then',
    `  rm -f "${source}-wal" "${source}-shm" && cp "${file}" "${source}"`,
    'Volumes and results are files beside the database and are not in it.',
  ].join('\n')
}

runCommand(main)
