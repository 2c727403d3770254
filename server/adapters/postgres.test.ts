import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DomainError } from '../../shared/errors/domain-error.ts'
import { POSTGRES_BIN } from '../test/postgres.ts'
import { jobRecord, uploadRecord } from '../test/records.ts'
import { dropPostgresDatabase, postgresDatabase } from '../test/shared-postgres.ts'
import { until } from '../test/test-server.ts'
import { DatabaseOwner } from './database-owner.ts'
import { createJobRepository } from './kysely-jobs.ts'
import { createUploadRepository } from './kysely-uploads.ts'
import { migrate } from './migrations.ts'
import { type Database, openDatabase } from './open-database.ts'
import { openPostgres } from './open-postgres.ts'
import { inTransaction } from './transaction.ts'

const HERE = { dataFolder: '/data', folderId: 'folder-1' }
const OTHER = { dataFolder: '/other', folderId: 'folder-2' }
/** Other tests' databases of the same PostgreSQL have locks too. */
const CUT_LOCK = `select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = database
  where locktype = 'advisory' and granted and datname = current_database()`
const ignore = () => undefined

describe.runIf(POSTGRES_BIN)('a PostgreSQL database', () => {
  let key: string
  let databaseUrl: string
  let admin: pg.Client
  const open: Database[] = []
  const opened = async (place: typeof HERE, onChange: (problem: DomainError | null) => void = ignore) => {
    const database = await openDatabase({ ...place, databaseUrl }, onChange)
    open.push(database)
    return database
  }
  beforeEach(async () => {
    key = randomUUID()
    databaseUrl = await postgresDatabase(key)
    admin = new pg.Client({ connectionString: databaseUrl })
    await admin.connect()
  })
  afterEach(async () => {
    await admin.end()
    for (const database of open.splice(0)) await database.close()
    await dropPostgresDatabase(key)
  })

  /** Cuts the connection that holds the lock, as a restart of PostgreSQL or the network would. */
  const cutLock = () => admin.query(CUT_LOCK)

  it('is used by one server at a time, and belongs to one data folder', async () => {
    const first = await opened(HERE)
    await expect(opened(OTHER)).rejects.toMatchObject({ code: 'database_in_use' })
    await first.close()
    open.splice(0)
    await expect(opened(OTHER)).rejects.toMatchObject({ code: 'database_of_other_folder', message: /\/other/ })
    await expect((await opened(HERE)).db.selectFrom('jobs').selectAll().execute()).resolves.toEqual([])
  })

  it('is taken again by itself when its lock was lost, and refuses every query until then', async () => {
    const changes: (string | null)[] = []
    const { db, problem } = await opened(HERE, (found) => changes.push(found ? found.code : null))
    await cutLock()
    await until(async () => changes.length > 0)
    expect(changes[0]).toBe('database_unavailable')
    await until(async () => problem() === null)
    expect(changes).toEqual(['database_unavailable', null])
    expect(await db.selectFrom('jobs').selectAll().execute()).toEqual([])
  })

  it('is left to the server that took it while the lock was lost', async () => {
    const { db, problem } = await opened(HERE)
    // The other one waits in line for the lock and has it the moment that the first loses it.
    const waiting = admin.query('select pg_advisory_lock(4851037945764859202)')
    const cutter = new pg.Client({ connectionString: databaseUrl })
    await cutter.connect()
    await cutter.query(CUT_LOCK)
    await cutter.end()
    await waiting
    await until(async () => problem()?.code === 'database_in_use')
    await expect(db.selectFrom('jobs').selectAll().execute()).rejects.toMatchObject({ code: 'database_in_use' })
    await admin.query('select pg_advisory_unlock_all()')
    await until(async () => problem() === null)
    expect(await db.selectFrom('jobs').selectAll().execute()).toEqual([])
  })

  it('goes on after its connections were cut, within a transaction too', async () => {
    const { db } = await opened(HERE)
    const jobs = createJobRepository(db)
    const cutOthers = () =>
      admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and pid not in (select pid from pg_locks where locktype = $1)',
        ['advisory'],
      )
    await jobs.insert(jobRecord())
    await cutOthers()
    await until(() =>
      jobs.withState(['queued']).then(
        (found) => found.length === 1,
        () => false,
      ),
    )
    const lost = inTransaction(db, async (tx) => {
      await sql`select 1`.execute(tx)
      await cutOthers()
      await sql`select 1`.execute(tx)
    })
    await expect(lost).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(await jobs.withState(['queued'])).toHaveLength(1)
  })

  it('runs a transaction again that lost a deadlock', async () => {
    const { db } = await opened(HERE)
    const [a, b] = [jobRecord(), jobRecord()]
    for (const record of [a, b]) await createJobRepository(db).insert(record)
    let numBegun = 0
    let numWaiting = 0
    const addTiles = (firstId: string, secondId: string) =>
      inTransaction(db, async (tx) => {
        numBegun++
        const add = (jobId: string) =>
          tx.updateTable('jobs').set({ tiles_done: sql`tiles_done + 1` }).where('job_id', '=', jobId).execute()
        await add(firstId)
        numWaiting++
        await until(async () => numWaiting >= 2)
        await add(secondId)
      })
    await Promise.all([addTiles(a.jobId, b.jobId), addTiles(b.jobId, a.jobId)])
    expect(numBegun).toBeGreaterThan(2)
    const after = await createJobRepository(db).withState(['queued'])
    expect(after.map((record) => record.tilesDone)).toEqual([2, 2])
  })

  it('tells a conflict that never ends as a problem that passes', async () => {
    const { db } = await opened(HERE)
    let numBegun = 0
    const losing = inTransaction(db, async (tx) => {
      numBegun++
      await sql`do $$ begin raise exception 'lost' using errcode = '40001'; end $$`.execute(tx)
    })
    await expect(losing).rejects.toMatchObject({ code: 'database_unavailable', status: 503 })
    expect(numBegun).toBe(5)
  })

  it('refuses what it cannot store as a fault of the request', async () => {
    const { db } = await opened(HERE)
    const zero = uploadRecord({ fingerprint: 'a\u0000b' })
    await expect(createUploadRepository(db).insert(zero)).rejects.toMatchObject({
      code: 'request_invalid',
      status: 400,
    })
    await expect(createJobRepository(db).eventsSince('job', 1e30)).rejects.toMatchObject({ code: 'request_invalid' })
  })

  it('counts and sums as numbers', async () => {
    const { db } = openPostgres(databaseUrl)
    await migrate(db)
    const { rows } = await sql<{ n: number; total: number }>`
      select count(*) as n, sum(x) as total from (values (4294967296::bigint), (1::bigint)) as t(x)`.execute(db)
    await db.destroy()
    expect(rows).toEqual([{ n: 2, total: 4294967297 }])
  })

  it.each([
    ['a database that does not exist', (url: string) => `${url}_not`, /no database of that name/],
    ['an address where nothing answers', () => 'postgres://u:secret-word@127.0.0.1:1/x', /nothing answers/],
    ['a host that does not exist', () => 'postgres://u:secret-word@no.such.host.invalid/x', /name of its host/],
    [
      'a user that does not exist',
      (url: string) => url.replace('postgres@', 'nobody:secret-word@'),
      /refuses the user/,
    ],
  ])('is refused at the start with %s, and the password stays secret', async (_what, change, reason) => {
    const refused = await openDatabase({ ...HERE, databaseUrl: change(databaseUrl) }, ignore).catch((error) => error)
    expect(refused).toMatchObject({
      code: 'database_unavailable',
      retryable: true,
      message: reason,
      hint: /DATABASE_URL/,
    })
    expect(inspect(refused, { depth: 10, showHidden: true })).not.toContain('secret-word')
  })

  it('is free after a release that came while the lock was being taken again', async () => {
    const released = new Promise<void>((resolve) => {
      const lost = () => setTimeout(() => resolve(owner.then((one) => one.release())), 1)
      const owner = DatabaseOwner.take(databaseUrl, HERE, lost)
      void owner.then(cutLock)
    })
    await released
    await expect(opened(HERE)).resolves.toBeDefined()
  })
})
