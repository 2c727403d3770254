import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { createJobRepository } from '../adapters/kysely-jobs.ts'
import { migrate } from '../adapters/migrations.ts'
import { openSqlite } from '../adapters/open-sqlite.ts'
import { SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { jobRecord } from './records.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const cleanups: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-full-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

it('says that the disk is full when the database file cannot grow, and goes on once it can', async () => {
  const db = openSqlite(path.join(await temporaryFolder(), 'test.sqlite'))
  cleanups.push(() => db.destroy())
  await migrate(db)
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db)
  await sql.raw(`pragma max_page_count = ${rows[0].page_count}`).execute(db)
  const jobs = createJobRepository(db)
  const insertMany = async () => {
    for (let i = 0; i < 100; i++) await jobs.insert(jobRecord())
  }
  await expect(insertMany()).rejects.toMatchObject({ code: 'disk_full', status: 507, retryable: true })
  await sql.raw('pragma max_page_count = 100000').execute(db)
  await expect(insertMany()).resolves.toBeUndefined()
})

/** A file system of its own needs root; elsewhere only the test above runs. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(canMount)('a server on a small disk', () => {
  it('refuses what it cannot record with the disk problem, keeps answering, and goes on when there is room', async ({
    skip,
  }) => {
    const root = await temporaryFolder()
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', root]).status !== 0)
      skip('no file system can be mounted here')
    cleanups.push(() => spawnSync('umount', ['-l', root]))
    const server: TestServer = await makeTestServer({
      launcher: inProcessLauncher(fakeThresholdNetwork().createSession),
      manifest: thresholdManifest(),
      folder: path.join(root, 'server'),
      change: { minFreeBytes: 0 },
    })
    cleanups.push(() => server.close())
    const volume = await uploadAll(server, makeMrc(VOXELS, SHAPE))
    const ballast = path.join(root, 'ballast')
    const { bavail, bsize } = await statfs(root)
    await writeFile(ballast, new Uint8Array(bavail * bsize))
    const post = () =>
      server.app.inject({
        method: 'POST',
        url: '/v1/jobs',
        headers: AUTH,
        payload: { volume_id: volume.volume_id, model: 'threshold' },
      })
    const replies = []
    for (let i = 0; i < 40; i++) replies.push(await post())
    const refused = replies.filter((reply) => reply.statusCode !== 202)
    expect(refused.length).toBeGreaterThan(0)
    for (const reply of refused) expect(reply.json(), reply.body).toMatchObject({ code: 'disk_full', status: 507 })
    expect((await server.app.inject({ url: '/v1/jobs', headers: AUTH })).statusCode).toBe(200)
    await rm(ballast)
    expect((await post()).statusCode).toBe(202)
  })
})
