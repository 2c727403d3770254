import { mkdtemp, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DomainError } from '../../shared/errors/domain-error.ts'
import { unsyncedProblem } from './database-problem.ts'
import type { Tables } from './database-tables.ts'
import { openSqlite } from './open-sqlite.ts'
import { WriteAheadLog, type WriteAheadLogNeeds } from './write-ahead-log.ts'

let folder: string
let file: string
let db: Kysely<Tables>
/** Syncs that began, each with what the log held then, and how they end. */
let syncs: { bytes: number; end: (problem?: Error) => void }[]
let endsAtOnce: boolean

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-log-'))
  file = path.join(folder, 'a.db')
  syncs = []
  endsAtOnce = true
  const sync: WriteAheadLogNeeds['sync'] = async (handle) => {
    const bytes = (await handle.stat()).size
    await new Promise<void>((resolve, reject) => {
      syncs.push({ bytes, end: (problem) => (problem ? reject(problem) : resolve()) })
      if (endsAtOnce) resolve()
    })
  }
  db = openSqlite(file, { sync })
  await sql`create table things (name text)`.execute(db)
  syncs = []
})
afterEach(async () => {
  for (const { end } of syncs) end()
  await db.destroy()
  await rm(folder, { recursive: true, force: true })
})

const add = (name: string) => sql`insert into things values (${name})`.execute(db)
const names = async () =>
  (await sql<{ name: string }>`select name from things`.execute(db)).rows.map(({ name }) => name)
const settled = () => new Promise((resolve) => setTimeout(resolve, 30))

describe('a change of the database', () => {
  it('is told when the log that holds it was synced, and others are served meanwhile', async () => {
    endsAtOnce = false
    const before = (await stat(`${file}-wal`)).size
    let isTold = false
    const told = add('a').then(() => {
      isTold = true
    })
    await settled()
    expect(syncs).toHaveLength(1)
    expect(syncs[0].bytes).toBeGreaterThan(before)
    expect(await names()).toEqual(['a'])
    expect(isTold).toBe(false)
    syncs[0].end()
    await told
  })

  it('that comes while a sync runs waits for the next, which serves all that wait', async () => {
    endsAtOnce = false
    const told: string[] = []
    const first = add('a').then(() => told.push('a'))
    await settled()
    const more = ['b', 'c', 'd'].map((name) => add(name).then(() => told.push(name)))
    await settled()
    expect(syncs).toHaveLength(1)
    syncs[0].end()
    await first
    await settled()
    expect(told).toEqual(['a'])
    expect(syncs).toHaveLength(2)
    expect(syncs[1].bytes).toBeGreaterThan(syncs[0].bytes)
    syncs[1].end()
    await Promise.all(more)
    expect(told.slice(1).sort()).toEqual(['b', 'c', 'd'])
  })

  it('of several rows in a transaction is synced once, also where it gives rows back', async () => {
    await db.transaction().execute(async (tx) => {
      await sql`insert into things values ('a')`.execute(tx)
      await sql`insert into things values ('b') returning name`.execute(tx)
    })
    expect(syncs).toHaveLength(1)
    await sql`delete from things where name = 'a' returning name`.execute(db)
    expect(syncs).toHaveLength(2)
  })

  it('that was none costs no sync, and one that was taken back neither', async () => {
    await names()
    await db.transaction().execute((tx) => sql`select * from things`.execute(tx))
    const undone = db.transaction().execute(async (tx) => {
      await sql`insert into things values ('a')`.execute(tx)
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    expect(syncs).toEqual([])
    expect(await names()).toEqual([])
  })

  it('that the log did not take is written back into the database, and told as made', async () => {
    endsAtOnce = false
    const made = add('a')
    await settled()
    expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0)
    syncs[0].end(Object.assign(new Error('no'), { code: 'EIO' }))
    await made
    expect((await stat(`${file}-wal`)).size).toBe(0)
    endsAtOnce = true
    await add('b')
    expect(syncs).toHaveLength(2)
    expect(await names()).toEqual(['a', 'b'])
  })
})

describe('a log whose sync failed', () => {
  it('counts for nothing until it was written back, whatever later syncs say', async () => {
    const syncs: string[] = []
    let canWriteBack = false
    const log = new WriteAheadLog({
      databaseFile: file,
      writeBack: () => {
        syncs.push('back')
        if (!canWriteBack) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' })
      },
      sync: async () => {
        syncs.push('sync')
        if (syncs.length === 1) throw new Error('no')
      },
    })
    await expect(log.synced()).rejects.toThrow('full')
    await expect(log.synced()).rejects.toThrow('full')
    expect(syncs.filter((one) => one === 'sync')).toHaveLength(1)
    canWriteBack = true
    await log.synced()
    await log.synced()
    expect(syncs.slice(-2)).toEqual(['back', 'sync'])
    await log.close()
    await log.synced()
    expect(syncs.slice(-2)).toEqual(['back', 'sync'])
  })

  it('is told as a full disk or as a file that cannot be written', () => {
    const problem = (code: string) =>
      (unsyncedProblem(Object.assign(new Error('no'), { code }), folder) as DomainError).code
    expect(problem('SQLITE_FULL')).toBe('disk_full')
    expect(problem('EIO')).toBe('database_unavailable')
  })
})

it('a log is synced with the real file system, and the database closes', async () => {
  const real = path.join(folder, 'b.db')
  const other = openSqlite(real)
  await sql`create table things (name text)`.execute(other)
  await Promise.all([1, 2, 3].map((n) => sql`insert into things values (${n})`.execute(other)))
  await other.destroy()
  const again = openSqlite(real)
  expect((await sql`select * from things`.execute(again)).rows).toHaveLength(3)
  await again.destroy()
})
