import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../config.ts'
import { POSTGRES_BIN } from './postgres.ts'
import { hasCompiledServer, SERVER_ENTRY, startRealServer } from './real-server.ts'
import { dropPostgresDatabase, postgresDatabase } from './shared-postgres.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-start-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const read = (url: string) => readConfig({ DATABASE_URL: url }, { dataFolder: '/data', modelFolders: [] }).databaseUrl

describe('DATABASE_URL', () => {
  it('names PostgreSQL, or SQLite when it is empty or says so', () => {
    expect(read('postgres://u:p@host:5432/name')).toBe('postgres://u:p@host:5432/name')
    expect(read('postgresql://host/name?sslmode=verify-full')).toBe('postgresql://host/name?sslmode=verify-full')
    expect(read('postgres://u@%2Fvar%2Frun%2Fpostgresql/name')).toContain('/name')
    expect(read('')).toBeNull()
    expect(read('sqlite')).toBeNull()
  })

  it.each([
    ['mysql://u:secret-word@host/name', /"mysql" are not known/],
    ['sqlite:///data/secret-word.db', /"sqlite" are not known/],
    ['postgres://u:secret-word@host', /it is not postgres:/],
    ['postgres://u:secret word@host:port/name', /it is not postgres:/],
    ['secret-word', /it is not postgres:/],
  ])('is refused as %s, without a word of what may be a password', (url, message) => {
    expect(() => read(url)).toThrow(
      expect.objectContaining({ code: 'setting_invalid', message: expect.stringMatching(message) }),
    )
    expect(() => read(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }))
  })
})

/** Starts the program and waits for its end. */
async function startAndFail(databaseUrl: string, dataFolder: string) {
  const env = { ...process.env, DATABASE_URL: databaseUrl }
  const args = [SERVER_ENTRY, '--port', '0', '--data', dataFolder]
  return promisify(execFile)(process.execPath, args, { env }).then(
    () => Promise.reject(new Error('it started')),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  )
}

describe.runIf(hasCompiledServer)('a server that starts', () => {
  it('says in two lines that the database is not there, keeps the password to itself, and lets the folder go', async () => {
    const url = 'postgres://cryomamba:secret-word@127.0.0.1:1/cryomamba'
    const failed = await startAndFail(url, folder)
    expect(failed.code).toBe(2)
    expect(failed.stderr.trim().split('\n')).toEqual([
      'The database cannot be used now: nothing answers at its address.',
      'Check that PostgreSQL runs, and host, port, user, password and database in DATABASE_URL.',
    ])
    expect(await readdir(folder)).not.toContain('server.lock')
  })

  it.runIf(POSTGRES_BIN)(
    'is refused a database that another server uses, and gets it once that one is killed',
    async () => {
      const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')]
      const databaseUrl = await postgresDatabase(folder)
      const server = await startRealServer(first, 0, { DATABASE_URL: databaseUrl })
      expect((await startAndFail(databaseUrl, second)).stderr).toContain('Another CryoMamba server uses the database.')
      await server.kill()
      expect((await startAndFail(databaseUrl, second)).stderr).toContain('belongs to another data folder')
      const again = await startRealServer(first, 0, { DATABASE_URL: databaseUrl })
      expect((await fetch(`${again.url}/v1/readyz`)).status).toBe(200)
      await again.stop()
      await dropPostgresDatabase(folder)
    },
  )
})
