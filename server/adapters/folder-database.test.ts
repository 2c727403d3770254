import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dropPostgresDatabase, ENGINES, postgresDatabase } from '../test/shared-postgres.ts'
import { markDatabase, SQLITE_FILE } from './folder-database.ts'
import { openDatabase, openTables } from './open-database.ts'

let dataFolder: string
beforeEach(async () => {
  dataFolder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-database-'))
})
afterEach(() => rm(dataFolder, { recursive: true }))

const openAndClose = async () => (await openTables({ dataFolder, databaseUrl: null })).destroy()
const makesFile = () =>
  access(path.join(dataFolder, SQLITE_FILE)).then(
    () => true,
    () => false,
  )

it('a command makes the SQLite file of a folder that no server used yet, and finds it later', async () => {
  await openAndClose()
  await writeFile(path.join(dataFolder, 'folder-id'), 'id')
  await openAndClose()
})

it('a command without DATABASE_URL is refused in the folder of a server with PostgreSQL, and makes no file', async () => {
  await writeFile(path.join(dataFolder, 'folder-id'), 'id')
  await expect(openAndClose()).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('DATABASE_URL'),
  })
  expect(await makesFile()).toBe(false)
})

it('a file that such a command left there before does not let it in', async () => {
  await openAndClose()
  await markDatabase(dataFolder, true)
  await expect(openAndClose()).rejects.toMatchObject({ code: 'usage' })
  const database = await openDatabase({ dataFolder, databaseUrl: null, folderId: 'id' }, () => undefined)
  await database.close()
  await openAndClose()
})

it.runIf(ENGINES.includes('postgres'))('a server with PostgreSQL marks its folder', async () => {
  const databaseUrl = await postgresDatabase(dataFolder)
  await (await openDatabase({ dataFolder, databaseUrl, folderId: 'id' }, () => undefined)).close()
  await expect(openAndClose()).rejects.toMatchObject({ code: 'usage' })
  await (await openTables({ dataFolder, databaseUrl })).destroy()
  await dropPostgresDatabase(dataFolder)
})
