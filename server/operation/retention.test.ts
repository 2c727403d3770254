import { copyFile, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createJobOn, finishedOn, jobOn } from '../test/job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer } from '../test/test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../test/threshold-model.ts'
import { Retention, type RetentionNeeds } from './retention.ts'

const DAY_MS = 86_400_000

let server: TestServer
let root: string
let outside: string
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-retention-'))
  outside = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-outside-'))
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  const change = { retentionDays: 20, artifactDays: 10, pathRoots: [outside] }
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), folder: root, change })
})
afterEach(async () => {
  await server.stop()
  await rm(outside, { recursive: true, force: true })
})

function retention(change: Partial<RetentionNeeds>): Retention {
  return new Retention({ ...server.retentionNeeds, ...change })
}

const artifactsReply = (jobId: string) => server.app.inject({ url: `/v1/jobs/${jobId}/artifacts`, headers: AUTH })

it('removes results and volumes by age, says so for results, and leaves what is young', async () => {
  const job = await finishedOn(server, (await createJobOn(server)).job_id)
  const [artifact] = (await artifactsReply(job.job_id)).json().artifacts
  await retention({ nowMs: () => Date.now() + 9 * DAY_MS }).tidy()
  expect((await artifactsReply(job.job_id)).json().artifacts.length).toBeGreaterThan(3)
  await retention({ nowMs: () => Date.now() + 11 * DAY_MS }).tidy()
  for (const reply of [await artifactsReply(job.job_id), await server.app.inject({ url: artifact.url })]) {
    expect([reply.statusCode, reply.json().code]).toEqual([410, 'artifact_expired'])
  }
  expect(await readdir(path.join(server.dataFolder, 'jobs', job.job_id))).toEqual([])
  expect((await jobOn(server, job.job_id)).state).toBe('completed')
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toHaveLength(1)
  await retention({ nowMs: () => Date.now() + 21 * DAY_MS }).tidy()
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toHaveLength(0)
})

it('removes nothing by age while the clock may be wrong', async () => {
  await finishedOn(server, (await createJobOn(server)).job_id)
  await retention({ nowMs: () => Date.now() + 900 * DAY_MS, isClockSure: () => false }).tidy()
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toHaveLength(1)
})

it('tries again to remove results whose folder could not be removed', async () => {
  const { job_id: id } = await finishedOn(server, (await createJobOn(server)).job_id)
  const other = await finishedOn(server, (await createJobOn(server)).job_id)
  const nowMs = () => Date.now() + 11 * DAY_MS
  const folder = path.join(server.dataFolder, 'jobs', id)
  const failures: object[] = []
  // A file where the folder is looked for: nothing can be removed below it.
  const jobFolder = (jobId: string) => (jobId === id ? path.join(folder, 'attempt-1', 'mask.mrc\0') : folder)
  const log = { info: () => undefined, error: (facts: object) => failures.push(facts) }
  const withArtifacts = async () => (await server.retentionNeeds.jobs.withArtifacts()).filter((one) => one.jobId === id)
  const jobs = { ...server.retentionNeeds.jobs, withArtifacts, find: async () => null }
  await retention({ nowMs, jobFolder, log, jobs }).tidy()
  expect(failures).toMatchObject([{ job_id: id }])
  expect(await readdir(folder)).toEqual(['attempt-1'])
  await retention({}).tidy()
  expect(await readdir(folder)).toEqual([])
  expect(await readdir(path.join(server.dataFolder, 'jobs', other.job_id))).toEqual(['attempt-1'])
})

it('removes what attempts left that were replaced, and what deleted results left, but nothing of an unfinished job', async () => {
  const job = await finishedOn(server, (await createJobOn(server)).job_id)
  const folder = path.join(server.dataFolder, 'jobs', job.job_id)
  for (const attempt of [0, 2]) await mkdir(path.join(folder, `attempt-${attempt}`))
  const find = async (jobId: string) => {
    const record = await server.retentionNeeds.jobs.find(jobId)
    return record && { ...record, finishedAt: null }
  }
  await retention({ jobs: { ...server.retentionNeeds.jobs, find } }).tidy()
  expect(await readdir(folder)).toHaveLength(3)
  await retention({}).tidy()
  expect((await readdir(folder)).sort()).toEqual(['attempt-1', 'attempt-2'])
  const jobs = { ...server.retentionNeeds.jobs, artifacts: async () => [] }
  await retention({ jobs }).tidy()
  expect((await readdir(folder)).sort()).toEqual(['attempt-1', 'attempt-2'])
  const config = { ...server.config, artifactDays: 0, retentionDays: 0 }
  await retention({ jobs, config, nowMs: () => Date.now() + 2 * DAY_MS }).tidy()
  expect(await readdir(folder)).toEqual(['attempt-2'])
})

it('frees space from the oldest result on, as far as is needed', async () => {
  const jobs = [await createJobOn(server), await createJobOn(server)]
  for (const { job_id } of jobs) await finishedOn(server, job_id)
  const volumes = await readdir(path.join(server.dataFolder, 'volumes'))
  const config = { ...server.config, minFreeBytes: 100 }
  let numAsked = 0
  await retention({ config, freeBytes: async () => (numAsked++ === 0 ? 99 : 100) }).tidy()
  expect((await artifactsReply(jobs[0].job_id)).statusCode).toBe(410)
  expect((await artifactsReply(jobs[1].job_id)).statusCode).toBe(200)
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toEqual(volumes)
})

it('removes nothing for want of space where nothing may be removed', async () => {
  const job = await finishedOn(server, (await createJobOn(server)).job_id)
  const config = { ...server.config, minFreeBytes: 100, retentionDays: 0, artifactDays: 0 }
  await retention({ config, freeBytes: async () => 0 }).tidy()
  expect((await artifactsReply(job.job_id)).statusCode).toBe(200)
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toHaveLength(1)
})

it('keeps what an unfinished job needs, and files that it did not receive', async () => {
  const job = await finishedOn(server, (await createJobOn(server)).job_id)
  const [folder] = await readdir(path.join(server.dataFolder, 'volumes'))
  const [name] = await readdir(path.join(server.dataFolder, 'volumes', folder))
  const own = path.join(outside, 'own.mrc')
  await copyFile(path.join(server.dataFolder, 'volumes', folder, name), own)
  const unfinishedUser = async () => job.job_id
  const full = { config: { ...server.config, minFreeBytes: 100 }, freeBytes: async () => 0 }
  await retention({ ...full, jobs: { ...server.retentionNeeds.jobs, unfinishedUser } }).tidy()
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toHaveLength(1)
  await retention(full).tidy()
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toHaveLength(0)
  const payload = { path: own }
  const reply = await server.app.inject({ method: 'POST', url: '/v1/volumes/from-path', headers: AUTH, payload })
  expect(reply.statusCode, reply.body).toBe(201)
  await retention(full).tidy()
  expect((await stat(own)).size).toBeGreaterThan(0)
})

it('goes on with the rest where something cannot be removed', async () => {
  const jobs = [await createJobOn(server), await createJobOn(server)]
  for (const { job_id } of jobs) await finishedOn(server, job_id)
  const needs = server.retentionNeeds
  const kept = (await needs.managedVolumes())[0].volumeId
  const failures: object[] = []
  await retention({
    nowMs: () => Date.now() + 21 * DAY_MS,
    jobs: {
      ...needs.jobs,
      withArtifacts: async () => {
        throw new Error('no list')
      },
    },
    removeVolume: async (volume) => {
      if (volume.volumeId === kept) throw Object.assign(new Error('busy'), { code: 'EBUSY' })
      await needs.removeVolume(volume)
    },
    log: { info: () => undefined, error: (facts) => failures.push(facts) },
  }).tidy()
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toEqual([kept])
  // By age, the volume, and for want of space.
  expect(failures).toMatchObject([{}, { volume_id: kept }, {}])
})

it('does what else is due each hour where one task fails', async () => {
  vi.spyOn(server.uploads, 'removeExpired').mockRejectedValue(new Error('no'))
  const trim = vi.spyOn(server.people, 'removeAuditBefore')
  await server.tidy()
  expect(trim).toHaveBeenCalledOnce()
})

it('makes room for an upload from what is older than a day, and only where that is enough', async () => {
  for (let i = 0; i < 2; i++) await finishedOn(server, (await createJobOn(server)).job_id)
  const needs = server.retentionNeeds
  const jobs = await needs.jobs.withArtifacts()
  const bytesOf = async (jobId: string) =>
    (await needs.jobs.artifacts(jobId)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const oldest = await bytesOf(jobs[0].jobId)
  const left = async () => (await needs.jobs.withArtifacts()).length
  const freeBytes = async () => ((await left()) === 2 ? 0 : oldest)
  const nowMs = () => Date.now() + 2 * DAY_MS
  const forbidden = { ...server.config, retentionDays: 0, artifactDays: 0 }
  await retention({ freeBytes }).makeRoom(oldest)
  await retention({ freeBytes, nowMs, config: forbidden }).makeRoom(oldest)
  await retention({ freeBytes, nowMs }).makeRoom(2 ** 50)
  expect(await left()).toBe(2)
  await retention({ freeBytes, nowMs }).makeRoom(oldest)
  expect((await needs.jobs.withArtifacts()).map(({ jobId }) => jobId)).toEqual([jobs[1].jobId])
  expect(await needs.managedVolumes()).toHaveLength(2)
})

it('bounds the folder of statistics, oldest first', async () => {
  const folder = path.join(server.dataFolder, 'cache')
  await mkdir(folder, { recursive: true })
  for (const [name, ageSeconds] of [
    ['old', 900],
    ['middle', 600],
    ['young', 0],
  ] as const) {
    await writeFile(path.join(folder, name), Buffer.alloc(1000))
    const time = Date.now() / 1000 - ageSeconds
    await utimes(path.join(folder, name), time, time)
  }
  await retention({ config: { ...server.config, maxCacheBytes: 2500 } }).tidy()
  expect((await readdir(folder)).sort()).toEqual(['middle', 'young'])
})

it('removes folders that nothing refers to, after some days', async () => {
  const job = await finishedOn(server, (await createJobOn(server)).job_id)
  const [volume] = await readdir(path.join(server.dataFolder, 'volumes'))
  for (const kind of ['volumes', 'jobs']) {
    await mkdir(path.join(server.dataFolder, kind, 'left'))
    await writeFile(path.join(server.dataFolder, kind, 'left', 'volume.mrc'), 'text')
  }
  await retention({ nowMs: () => Date.now() + 2 * DAY_MS }).tidy()
  expect(await readdir(path.join(server.dataFolder, 'jobs'))).toContain('left')
  await retention({ nowMs: () => Date.now() + 4 * DAY_MS }).tidy()
  expect(await readdir(path.join(server.dataFolder, 'volumes'))).toEqual([volume])
  expect(await readdir(path.join(server.dataFolder, 'jobs'))).toEqual([job.job_id])
})
