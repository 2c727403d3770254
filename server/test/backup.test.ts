import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobList } from '../../shared/contract/jobs.ts'
import type { VolumeList } from '../../shared/contract/volumes.ts'
import { SQLITE_FILE } from '../adapters/folder-database.ts'
import { keepNewest, nextBackup } from '../adapters/kept-backups.ts'
import { backupSqlite } from '../adapters/sqlite-backup.ts'
import { artifactsOn, createJobOn, finishedOn } from './job-calls.ts'
import { hasCompiledServer, SERVER_ENTRY } from './real-server.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const BACKUP_ENTRY = path.join(path.dirname(SERVER_ENTRY), 'backup-command.js')
let root: string
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-backup-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const startOn = (folder: string): Promise<TestServer> =>
  makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork().createSession),
    manifest: thresholdManifest(),
    folder,
    change: { databaseUrl: null },
  })

/** Runs the command as the command line does. */
async function backup(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const env = { ...process.env, DATABASE_URL: '' }
  const run = promisify(execFile)(process.execPath, [BACKUP_ENTRY, ...args], { env })
  return run.then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    ({ stdout, stderr, code }) => ({ stdout, stderr, code }),
  )
}

const list = async <T>(server: TestServer, url: string): Promise<T> =>
  (await server.app.inject({ url: `${url}?limit=100`, headers: AUTH })).json()

describe.runIf(hasCompiledServer)('cryomamba backup', () => {
  it('copies a database that is being written to, and a server on the copy has every job and volume', async () => {
    const server = await startOn(path.join(root, 'first'))
    const done = await finishedOn(server, (await createJobOn(server)).job_id)
    expect(done.state).toBe('completed')
    let isWriting = true
    const writing = (async () => {
      while (isWriting) await createJobOn(server)
    })()
    const before = await list<JobList>(server, '/v1/jobs')
    const out = path.join(root, 'copy.sqlite')
    const made = await backup('--data', server.dataFolder, '--out', out, '--json')
    isWriting = false
    await writing
    for (const { job_id } of (await list<JobList>(server, '/v1/jobs')).jobs) await finishedOn(server, job_id)
    expect(made.code, made.stderr).toBe(0)
    const said = JSON.parse(made.stdout)
    expect(said).toMatchObject({ file: out, size_bytes: (await stat(out)).size })
    expect(said.rows.jobs).toBeGreaterThanOrEqual(before.jobs.length)
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    await server.close()

    const data = path.join(root, 'second/data')
    await cp(server.dataFolder, data, { recursive: true })
    for (const ending of ['-wal', '-shm']) await rm(path.join(data, SQLITE_FILE + ending), { force: true })
    await copyFile(out, path.join(data, SQLITE_FILE))
    const restored = await startOn(path.join(root, 'second'))
    const jobs = (await list<JobList>(restored, '/v1/jobs')).jobs
    expect(jobs).toHaveLength(Math.min(said.rows.jobs, 100))
    for (const { job_id } of before.jobs) expect(jobs.map((job) => job.job_id)).toContain(job_id)
    const { volumes } = await list<VolumeList>(restored, '/v1/volumes')
    expect(volumes.map((volume) => volume.volume_id)).toContain(done.volume_id)
    const mask = (await artifactsOn(restored, done.job_id)).find((artifact) => artifact.name === 'mask.nrrd')
    const reply = await restored.app.inject({ url: mask?.url ?? '' })
    expect(reply.statusCode).toBe(200)
    expect(createHash('sha256').update(reply.rawPayload).digest('hex')).toBe(mask?.sha256)
    for (const { job_id } of jobs) expect((await finishedOn(restored, job_id)).state).toBe('completed')
    await restored.close()
  }, 120_000)

  it('keeps the newest ones of a folder and nothing else of it is touched', async () => {
    const server = await startOn(path.join(root, 'server'))
    await server.close()
    const out = path.join(root, 'backups')
    for (const day of ['01', '02', '03']) {
      const file = await nextBackup(out, new Date(`2026-01-${day}T00:00:00Z`))
      await backupSqlite(path.join(server.dataFolder, SQLITE_FILE), file)
    }
    await writeFile(path.join(out, 'notes.txt'), 'mine')
    await writeFile(path.join(out, 'cryomamba-20260104T000000Z.sqlite.partial'), 'left by a kill')
    const made = await backup('--data', server.dataFolder, '--out', out, '--keep', '2', '--json')
    const [newest] = (await readdir(out)).filter((name) => !name.includes('202601')).sort()
    expect((await readdir(out)).sort()).toEqual(['cryomamba-20260103T000000Z.sqlite', newest, 'notes.txt'].sort())
    expect(JSON.parse(made.stdout).removed).toEqual([
      'cryomamba-20260101T000000Z.sqlite',
      'cryomamba-20260102T000000Z.sqlite',
    ])
    expect(await keepNewest(out, 5)).toEqual([])
  })

  it('says how to restore, never replaces a file, and leaves nothing behind when it fails', async () => {
    const server = await startOn(path.join(root, 'server'))
    await server.close()
    const out = path.join(root, 'copy.sqlite')
    expect((await backup('--data', server.dataFolder, '--out', out)).stdout).toMatch(/To restore it: stop the server/)
    const first = await readFile(out)
    const again = await backup('--data', server.dataFolder, '--out', out, '--json')
    expect(again.code).toBe(2)
    expect(JSON.parse(again.stderr)).toMatchObject({ code: 'backup_failed', message: /exists already/ })
    expect(first.equals(await readFile(out))).toBe(true)
    const none = await backup('--data', path.join(root, 'nothing'), '--out', path.join(root, 'none.sqlite'), '--json')
    expect(JSON.parse(none.stderr)).toMatchObject({ code: 'backup_failed', message: /there is no database/ })
    expect((await readdir(root)).sort()).toEqual(['copy.sqlite', 'server'])
  })

  it('refuses a damaged database, a missing name and PostgreSQL, each with its reason', async () => {
    const data = path.join(root, 'data')
    const server = await startOn(root)
    await server.close()
    const bytes = await readFile(path.join(data, SQLITE_FILE))
    // Every page but the first, which holds what is needed to open it.
    bytes.fill(0xaa, 4096)
    await writeFile(path.join(data, SQLITE_FILE), bytes)
    const out = path.join(root, 'copy.sqlite')
    const damaged = await backup('--data', data, '--out', out, '--json')
    expect(JSON.parse(damaged.stderr)).toMatchObject({ code: 'database_damaged' })
    expect(existsSync(out)).toBe(false)
    expect(JSON.parse((await backup('--data', data, '--json')).stderr)).toMatchObject({
      code: 'usage',
      message: /--out/,
    })
    const env = { ...process.env, DATABASE_URL: 'postgres://u:secret-word@db/name' }
    const args = [BACKUP_ENTRY, '--data', data, '--out', out, '--json']
    const refused = await promisify(execFile)(process.execPath, args, { env }).catch((error) => error)
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'usage', hint: /pg_dump/ })
    expect(refused.stderr).not.toContain('secret-word')
  })
})
