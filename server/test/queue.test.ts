import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Job } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { createJobRepository } from '../adapters/kysely-jobs.ts'
import { openTables } from '../adapters/open-database.ts'
import type { ServerConfig } from '../config.ts'
import { deviceSlots } from '../devices/device-slots.ts'
import { RestingSlots } from '../jobs/resting-slots.ts'
import type { WorkerLauncher } from '../jobs/worker-launcher.ts'
import { createJobOn, finishedOn, jobOn } from './job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 30))

async function start(change: Partial<ServerConfig> = {}, before: () => Promise<void> | undefined = slow) {
  const launcher = inProcessLauncher(fakeThresholdNetwork(before).createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change })
}

const get = (url: string) => server.app.inject({ url, headers: AUTH })
const cancel = (jobId: string) => server.app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}`, headers: AUTH })

describe('waiting jobs', () => {
  it('say their position, and when they start once the model was measured on the device', async () => {
    let open: () => void = () => undefined
    let gate: Promise<void> | undefined
    await start({}, () => gate)
    await finishedOn(server, (await createJobOn(server)).job_id)
    gate = new Promise((resolve) => (open = resolve))
    const running = await createJobOn(server)
    const [second, third] = [await createJobOn(server), await createJobOn(server, { priority: -1 })]
    const first = await createJobOn(server, { priority: 10 })
    await until(async () => (await jobOn(server, running.job_id)).state !== 'queued')
    const places = await Promise.all([first, second, third].map(({ job_id }) => jobOn(server, job_id)))
    expect(places.map(({ progress }) => progress.queue_position)).toEqual([1, 2, 3])
    const starts = places.map(({ progress }) => Date.parse(progress.estimated_start ?? ''))
    expect(starts).toEqual([...starts].sort((a, b) => a - b))
    expect(starts[0]).toBeGreaterThan(Date.parse(running.created_at))
    open()
  })

  it('say no time before anything was measured, and none when it is their turn', async () => {
    await start()
    const running = await createJobOn(server)
    await createJobOn(server)
    const last = await createJobOn(server)
    expect((await jobOn(server, last.job_id)).progress).toMatchObject({ queue_position: 2, estimated_start: null })
    await finishedOn(server, last.job_id)
    expect((await jobOn(server, running.job_id)).progress.queue_position).toBeNull()
  })

  it('are refused above the limit of a user', async () => {
    await start({ maxQueuedPerUser: 1 })
    const running = await createJobOn(server)
    await until(async () => (await jobOn(server, running.job_id)).state !== 'queued')
    const waiting = await createJobOn(server)
    const payload = { volume_id: waiting.volume_id, model: 'threshold' }
    const refused = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'queue_full'])
  })

  it('are listed by state, page by page', async () => {
    await start()
    const done = await finishedOn(server, (await createJobOn(server)).job_id)
    const active = [await createJobOn(server), await createJobOn(server)]
    const ids = async (query: string) => (await get(`/v1/jobs?${query}`)).json().jobs.map((job: Job) => job.job_id)
    expect(await ids('state=completed')).toEqual([done.job_id])
    expect(await ids('state=active')).toEqual(active.map(({ job_id }) => job_id).reverse())
    const page = (await get('/v1/jobs?state=active&limit=1')).json()
    expect(page.next_cursor).toBe(active[1].job_id)
    expect(await ids(`state=active&cursor=${page.next_cursor}`)).toEqual([active[0].job_id])
    expect((await get('/v1/jobs?state=asleep')).json().code).toBe('request_invalid')
    for (const { job_id } of active) await cancel(job_id)
  })
})

describe('with two devices, of one user', () => {
  const devices = deviceSlots(['cpu', 'cuda:0'], {})
  const stateOf = async (jobId: string) => (await jobOn(server, jobId)).state
  const isRunning = (jobId: string) => async () => ['running', 'previewing'].includes(await stateOf(jobId))
  const time = (text: string | null) => Date.parse(text ?? '')

  it('only as many jobs run as a user may, and others are not held up', async () => {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    await start({ devices, jobsPerUser: 1 }, () => gate)
    const first = await createJobOn(server)
    const { volume_id } = first
    await until(isRunning(first.job_id))
    const second = await createJobOn(server)
    const anna = await server.tokens.create({ user: 'anna', scopes: ['write'], lifetimeDays: 1 })
    await server.people.addMember('lab', 'anna')
    await server.people.addMember('lab', 'owner')
    const share = { method: 'PUT', url: `/v1/volumes/${volume_id}/project`, headers: AUTH } as const
    await server.app.inject({ ...share, payload: { project: 'lab' } })
    // Time for the idle device to take what it may.
    await new Promise((resolve) => setTimeout(resolve, 200))
    const progress = { queue_position: 1, estimated_start: null }
    expect(await jobOn(server, second.job_id)).toMatchObject({ state: 'queued', progress })
    const headers = { authorization: `Bearer ${anna.token}` }
    const payload = { volume_id, model: 'threshold', project: 'lab' }
    const hers: Job = (await server.app.inject({ method: 'POST', url: '/v1/jobs', headers, payload })).json()
    await until(isRunning(hers.job_id))
    expect(await stateOf(second.job_id)).toBe('queued')
    open()
    const ended = [await finishedOn(server, first.job_id), await finishedOn(server, second.job_id)]
    expect(ended.map(({ state }) => state)).toEqual(['completed', 'completed'])
    expect(time(ended[1].started_at)).toBeGreaterThanOrEqual(time(ended[0].finished_at))
  })

  it('two jobs run at once where nothing is said', async () => {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    await start({ devices }, () => gate)
    const jobs = [await createJobOn(server), await createJobOn(server)]
    for (const { job_id } of jobs) await until(isRunning(job_id))
    open()
    for (const { job_id } of jobs) await finishedOn(server, job_id)
  })
})

describe('a job that does not fit beside those that run', () => {
  const devices = ['cpu', 'cuda:0', 'cuda:1'].map((deviceId) => ({ deviceId, provider: 'cpu', env: {} }))

  /** Jobs on three devices whose tiles stand still until they are let go on. */
  async function startGated(change: Partial<ServerConfig> = {}) {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    await start({ devices, ...change }, () => gate)
    return () => open()
  }

  const isRunning = async (job: Job) => (await jobOn(server, job.job_id)).state !== 'queued'

  it('waits for its memory and says so, and nothing passes it; alone it starts', async () => {
    const first = await startGated()
    const needed = (await createJobOn(server)).memory
    first()
    await server.stop()
    if (!needed) throw new Error('a job says what it holds')
    const each = needed.total_bytes - needed.network_bytes
    const open = await startGated({ memoryLimitBytes: Math.floor(1.5 * each) })
    const running = await createJobOn(server)
    await until(() => isRunning(running))
    const waiting = await createJobOn(server)
    const smaller = await createJobOn(server, { params: { probability: false }, preview: { enabled: false } })
    const seen = await until(async () => {
      const job = await jobOn(server, waiting.job_id)
      return job.progress.waits_for ? job : null
    })
    expect(seen).toMatchObject({ state: 'queued', progress: { queue_position: 1, waits_for: 'memory' } })
    expect(seen.progress.estimated_start).toBeNull()
    const behind = await jobOn(server, smaller.job_id)
    expect(behind).toMatchObject({ state: 'queued', progress: { queue_position: 2, estimated_start: null } })
    expect(behind.progress).not.toHaveProperty('waits_for')
    open()
    for (const { job_id } of [running, waiting, smaller])
      expect((await finishedOn(server, job_id)).state).toBe('completed')
    expect((await jobOn(server, waiting.job_id)).progress).not.toHaveProperty('waits_for')
  })

  it('starts at once where the memory is enough for both', async () => {
    const open = await startGated()
    const jobs = [await createJobOn(server), await createJobOn(server)]
    for (const job of jobs) await until(() => isRunning(job))
    open()
    for (const { job_id } of jobs) expect((await finishedOn(server, job_id)).state).toBe('completed')
  })
})

describe('a running job', () => {
  it('is ended at the time limit with the reason, and may be tried again', async () => {
    await start({ jobHours: 0.3 / 3600 }, () => new Promise((resolve) => setTimeout(resolve, 200)))
    const job = await finishedOn(server, (await createJobOn(server)).job_id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'job_time_limit', retryable: true } })
  })

  it('that another server has taken over is given up, and its result is not recorded', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-lease-'))
    let resume: () => void = () => undefined
    const stalled = new Promise<void>((resolve) => (resume = resolve))
    let numEnded = 0
    let numTiles = 0
    const stall = () => {
      numTiles++
      return stalled
    }
    const inner = inProcessLauncher(fakeThresholdNetwork(stall).createSession)
    const launcher: WorkerLauncher = {
      launch: async (env) => {
        const worker = await inner.launch(env)
        worker.onMessage(({ type }) => (numEnded += type === 'finished' || type === 'failed' ? 1 : 0))
        return worker
      },
    }
    server = await makeTestServer({ launcher, manifest: thresholdManifest(), change: { leaseSeconds: 0.3 }, folder })
    const { job_id } = await createJobOn(server)
    await until(async () => numTiles > 0)
    const db = await openTables(server.config)
    const other = createJobRepository(db)
    const leaseUntil = new Date(Date.now() + 60_000).toISOString()
    const taken = { attempt: 2, claimedBy: 'other', leaseUntil }
    expect(await other.move(job_id, 1, ['running'], 'running', taken)).toBe(true)
    // Nobody takes the same attempt twice, and the old attempt can write nothing.
    expect(await other.move(job_id, 2, ['queued'], 'running', { claimedBy: 'third' })).toBe(false)
    expect(await other.complete(job_id, 1, {}, [])).toBe(false)
    resume()
    // The worker here cannot be killed: it goes on, and says how it ended.
    await until(async () => numEnded > 0)
    expect((await other.find(job_id))?.state).toBe('running')
    expect(await other.artifacts(job_id)).toEqual([])
    // The other server dies: its lease ends, and this one runs the job.
    await other.renewLease(job_id, 2, 'other', new Date(Date.now() - 1).toISOString())
    await db.destroy()
    expect(await finishedOn(server, job_id)).toMatchObject({ state: 'completed', attempt: 3 })
  })
})

/** A launcher of workers some of whose devices cannot be used; `started` gets the slot of each worker. */
function withBroken(isBroken: (slot: string) => boolean, started: string[]): WorkerLauncher {
  const whole = inProcessLauncher(fakeThresholdNetwork().createSession)
  const reason = { provider: 'cuda', reason: 'it is gone' }
  const broken = inProcessLauncher(async () => {
    throw new DomainError('provider_unavailable', reason)
  })
  return {
    launch: async (env) => {
      started.push(env.SLOT)
      return (isBroken(env.SLOT) ? broken : whole).launch(env)
    },
  }
}

const slotNamed = (deviceId: string) => ({ deviceId, provider: 'cpu', env: { SLOT: deviceId } })

describe('a device that cannot be used', () => {
  it('rests while its job and those behind it run on another', async () => {
    const started: string[] = []
    const launcher = withBroken((slot) => slot === 'a', started)
    const change = { devices: [slotNamed('a'), slotNamed('b')] }
    server = await makeTestServer({ launcher, manifest: thresholdManifest(), change })
    const jobs = [await createJobOn(server), await createJobOn(server), await createJobOn(server)]
    for (const { job_id } of jobs) expect(await finishedOn(server, job_id)).toMatchObject({ state: 'completed' })
    expect(started).toEqual(['a', 'b', 'b', 'b'])
  })

  it('is forgotten of a job that is canceled while it waits for a second one', async () => {
    const forgotten = vi.spyOn(RestingSlots.prototype, 'forget')
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const whole = inProcessLauncher(fakeThresholdNetwork(() => gate).createSession)
    const launcher: WorkerLauncher = {
      launch: async (env) => (env.SLOT === 'b' ? whole : withBroken(() => true, [])).launch(env),
    }
    const change = { devices: [slotNamed('b'), slotNamed('a')], leaseSeconds: 1 }
    server = await makeTestServer({ launcher, manifest: thresholdManifest(), change })
    await createJobOn(server)
    const { job_id: id } = await createJobOn(server)
    await until(async () => (await jobOn(server, id)).attempt === 2)
    await cancel(id)
    await until(async () => forgotten.mock.calls.some(([jobId]) => jobId === id))
    open()
  })

  it('fails its job where a second one cannot run it, and where there is no second one', async () => {
    for (const names of [['a', 'b', 'c'], ['a']]) {
      const started: string[] = []
      const change = { devices: names.map(slotNamed) }
      server = await makeTestServer({
        launcher: withBroken(() => true, started),
        manifest: thresholdManifest(),
        change,
      })
      const job = await finishedOn(server, (await createJobOn(server)).job_id)
      expect(job).toMatchObject({ state: 'failed', error: { code: 'provider_unavailable', retryable: true } })
      expect(started).toEqual(names.slice(0, 2))
      if (names.length > 1) await server.stop()
    }
  })
})
