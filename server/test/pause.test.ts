import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { ServerConfig } from '../config.ts'
import type { JobRepository } from '../jobs/job-repository.ts'
import { createJobOn, EXPECTED, finishedOn, jobOn, SHAPE } from './job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

/** Tiles of the test's volume, and the one in the fourth row of five in which the network stands still. */
const NUM_TILES = 60
const GATE_TILE = 42

let folder: string
let gate: { wait: Promise<void>; open: () => void }
let server: TestServer
let numRuns: () => number
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-pause-'))
  let open = (): void => undefined
  const wait = new Promise<void>((resolve) => {
    open = resolve
  })
  gate = { wait, open }
  await start()
})
afterEach(async () => {
  gate.open()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(change: Partial<ServerConfig> = {}, atGate = () => gate.wait): Promise<void> {
  const network = fakeThresholdNetwork((run) => (run === GATE_TILE ? atGate() : undefined))
  const launcher = inProcessLauncher(network.createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), folder, change })
  numRuns = network.numRuns
}

async function runningAtGate(): Promise<string> {
  const { job_id: jobId } = await createJobOn(server)
  await until(async () => numRuns() === GATE_TILE)
  return jobId
}

const cancel = (jobId: string) => server.app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}`, headers: AUTH })

const post = (jobId: string, action: string) =>
  server.app.inject({ method: 'POST', url: `/v1/jobs/${jobId}/${action}`, headers: AUTH, payload: {} })

async function pausedAtGate(): Promise<string> {
  const jobId = await runningAtGate()
  expect((await post(jobId, 'pause')).statusCode).toBe(202)
  gate.open()
  await until(async () => (await jobOn(server, jobId)).state === 'paused')
  return jobId
}

async function expectRightMask(jobId: string, attempt: number): Promise<void> {
  const source = await openVolumeFile(path.join(server.dataFolder, 'jobs', jobId, `attempt-${attempt}`, 'mask.mrc'))
  expect(source.header.shapeZyx).toEqual([...SHAPE])
  expect(Array.from(await source.readSlab(0, SHAPE[0]), Number)).toEqual([...EXPECTED])
  await source.close()
}

describe('a job that is paused', () => {
  it('gives its device to others, and goes on from the rows that are finished', async () => {
    const jobId = await pausedAtGate()
    const runsBefore = numRuns()
    const { device, progress } = (await jobOn(server, jobId)) as unknown as Record<string, never>
    expect(device ?? null).toBeNull()
    expect(progress).toMatchObject({ tiles_total: NUM_TILES, queue_position: null })
    const { job_id: other } = await createJobOn(server)
    expect((await finishedOn(server, other)).state).toBe('completed')
    expect((await jobOn(server, jobId)).state).toBe('paused')

    const runsOfOther = numRuns() - runsBefore
    expect((await post(jobId, 'resume')).json()).toMatchObject({
      state: expect.stringMatching(/queued|running/),
      attempt: 2,
    })
    const done = await finishedOn(server, jobId)
    expect(done).toMatchObject({ state: 'completed', attempt: 2, result: { tiles: NUM_TILES } })
    // Rows of 12 tiles begin at planes 0, 3, 7, 10 and 13. Those before 10 are final: only the first row touches no other.
    expect(done.result?.tiles_resumed).toBe(12)
    expect(numRuns() - runsBefore - runsOfOther).toBe(NUM_TILES - 12)
    expect(await readdir(path.join(server.dataFolder, 'jobs', jobId))).toEqual(['attempt-2'])
    await expectRightMask(jobId, 2)
  })

  it('stays paused over a restart, keeps its volume, and can be resumed then', async () => {
    const jobId = await pausedAtGate()
    await server.close()
    await start()
    const job = await jobOn(server, jobId)
    expect(job.state).toBe('paused')
    const url = `/v1/volumes/${job.volume_id}`
    expect((await server.app.inject({ method: 'DELETE', url, headers: AUTH })).json().code).toBe('volume_in_use')
    await post(jobId, 'resume')
    expect((await finishedOn(server, jobId)).result?.tiles_resumed).toBe(12)
    await expectRightMask(jobId, 2)
  })

  it('begins anew where its planes cannot be taken over', async () => {
    const jobId = await pausedAtGate()
    const inTheWay = path.join(server.dataFolder, 'jobs', jobId, 'attempt-2', 'something')
    await mkdir(inTheWay, { recursive: true })
    await post(jobId, 'resume')
    const done = await finishedOn(server, jobId)
    expect(done).toMatchObject({ state: 'completed', attempt: 2 })
    expect(done.result?.tiles_resumed).toBeUndefined()
    await expectRightMask(jobId, 2)
  })

  it('leaves nothing where it is canceled', async () => {
    const jobId = await pausedAtGate()
    await server.app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}`, headers: AUTH })
    expect((await jobOn(server, jobId)).state).toBe('canceled')
    const left = await readdir(path.join(server.dataFolder, 'jobs', jobId)).catch(() => [])
    expect(left).toEqual([])
  })

  it('is not taken from the queue where it had not begun', async () => {
    const first = await runningAtGate()
    const { job_id: second } = await createJobOn(server)
    expect((await post(second, 'pause')).json()).toMatchObject({ state: 'paused', attempt: 1 })
    gate.open()
    await finishedOn(server, first)
    expect((await jobOn(server, second)).state).toBe('paused')
    await post(second, 'resume')
    expect(await finishedOn(server, second)).toMatchObject({ state: 'completed' })
  })

  it('counts for the limit of waiting jobs', async () => {
    server.config.maxQueuedPerUser = 1
    await pausedAtGate()
    await expect(createJobOn(server)).rejects.toThrow(/queue_full/)
  })

  it('is refused where there is nothing to pause or to resume', async () => {
    gate.open()
    const { job_id: jobId } = await createJobOn(server)
    expect((await post(jobId, 'resume')).json()).toMatchObject({ code: 'job_state' })
    await finishedOn(server, jobId)
    for (const action of ['pause', 'resume']) {
      const refused = await post(jobId, action)
      expect([refused.statusCode, refused.json().code]).toEqual([409, 'job_state'])
    }
  })
})

describe('a job that moves while its user stops it', () => {
  /** What the next request sees of a job that a device takes just then. */
  function seenAsQueuedOnce(): void {
    const { jobs } = server.retentionNeeds
    const find = jobs.find.bind(jobs)
    const asQueued = async (id: string) => {
      const found = await find(id)
      return found && { ...found, state: 'queued' as const }
    }
    vi.spyOn(jobs, 'find').mockImplementationOnce(asQueued)
  }

  it('is paused by its worker where it has begun meanwhile', async () => {
    const jobId = await runningAtGate()
    seenAsQueuedOnce()
    expect((await post(jobId, 'pause')).json().state).toMatch(/running|previewing/)
    gate.open()
    await until(async () => (await jobOn(server, jobId)).state === 'paused')
    await post(jobId, 'resume')
    expect((await finishedOn(server, jobId)).result?.tiles_resumed).toBe(12)
    await expectRightMask(jobId, 2)
  })

  it('is canceled by its worker where it has begun meanwhile', async () => {
    const jobId = await runningAtGate()
    seenAsQueuedOnce()
    expect((await cancel(jobId)).json().state).toMatch(/running|previewing/)
    gate.open()
    expect((await finishedOn(server, jobId)).state).toBe('canceled')
  })

  it('is canceled where its pause was just being recorded', async () => {
    const jobId = await runningAtGate()
    const jobs = server.retentionNeeds.jobs as unknown as JobRepository
    const move = jobs.move.bind(jobs)
    vi.spyOn(jobs, 'move').mockImplementation(async (...asked) => {
      if (asked[3] === 'paused') await cancel(jobId)
      return move(...asked)
    })
    await post(jobId, 'pause')
    gate.open()
    expect((await finishedOn(server, jobId)).state).toBe('canceled')
    const left = () => readdir(path.join(server.dataFolder, 'jobs', jobId)).catch(() => [])
    await until(async () => (await left()).length === 0)
  })

  it.each([[['a', 'b']], [['a']]])('is paused where its device of %j fails just then', async (names) => {
    await server.close()
    const devices = names.map((deviceId) => ({ deviceId, provider: 'cpu', env: {} }))
    await start({ devices }, async () => {
      await gate.wait
      throw new DomainError('provider_unavailable', { provider: 'cuda', reason: 'it is gone' })
    })
    const jobId = await runningAtGate()
    await post(jobId, 'pause')
    gate.open()
    await until(async () => (await jobOn(server, jobId)).state === 'paused')
    expect(await jobOn(server, jobId)).toMatchObject({ attempt: 1 })
  })

  it.each([
    ['paused', (jobId: string) => post(jobId, 'pause')],
    ['canceled', cancel],
  ] as const)('is %s where the server stops before its tile is done', async (state, ask) => {
    const jobId = await runningAtGate()
    await ask(jobId)
    await server.close(100)
    gate.open()
    await start()
    expect((await jobOn(server, jobId)).state).toBe(state)
  })
})

it('a job that is handed back by a server that stops goes on from its finished rows', async () => {
  const jobId = await runningAtGate()
  const closing = server.close(60_000)
  gate.open()
  await closing
  await start()
  expect(await finishedOn(server, jobId)).toMatchObject({ attempt: 2, result: { tiles_resumed: 12 } })
  await expectRightMask(jobId, 2)
  // What only its last tiles took is no measure for the next one.
  const facts = { model: 'threshold', shape_zyx: SHAPE, dtype: 'float32', voxel_size_zyx: null, unit: null }
  const asked = { method: 'POST', url: '/v1/jobs/estimate', headers: AUTH, payload: facts } as const
  expect((await server.app.inject(asked)).json().seconds).toBeNull()
})
