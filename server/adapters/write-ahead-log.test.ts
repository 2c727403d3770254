import { mkdtemp, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Tables } from './database-tables.ts'
import { openSqlite } from './open-sqlite.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

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
  const log = new WriteAheadLog(file, async (handle) => {
    const bytes = (await handle.stat()).size
    await new Promise<void>((resolve, reject) => {
      syncs.push({ bytes, end: (problem) => (problem ? reject(problem) : resolve()) })
      if (endsAtOnce) resolve()
    })
  })
  db = openSqlite(file, log)
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

  it('that was none costs no sync', async () => {
    await names()
    await db.transaction().execute((tx) => sql`select * from things`.execute(tx))
    // The end of the transaction is one statement too many to be told from a change.
    expect(syncs.length).toBeLessThanOrEqual(1)
    syncs = []
    await names()
    expect(syncs).toEqual([])
  })

  it('that the disk does not take is an error of the one who made it, and of nobody after', async () => {
    endsAtOnce = false
    const failed = add('a').catch((error) => error)
    await settled()
    syncs[0].end(Object.assign(new Error('no'), { code: 'EIO' }))
    expect(await failed).toMatchObject({ code: 'database_unavailable' })
    const full = add('b').catch((error) => error)
    await settled()
    syncs[1].end(Object.assign(new Error('no'), { code: 'ENOSPC' }))
    expect(await full).toMatchObject({ code: 'disk_full' })
    endsAtOnce = true
    await add('c')
    expect(await names()).toContain('c')
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
