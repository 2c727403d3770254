import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Artifact, Job, JobMemory, Postprocessed } from '../../shared/contract/jobs.ts'
import { artifactsOn, createJobOn, EXPECTED, finishedOn, SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(change = {}, manifest = thresholdManifest(), onRun?: Parameters<typeof fakeThresholdNetwork>[0]) {
  const network = fakeThresholdNetwork(onRun)
  const launcher = inProcessLauncher(network.createSession)
  server = await makeTestServer({ launcher, manifest, change })
  return network
}

const createJob = (body: Record<string, unknown> = {}) => createJobOn(server, body)
const finished = (jobId: string) => finishedOn(server, jobId)
const artifactsOf = (jobId: string) => artifactsOn(server, jobId)

describe('another mask of a finished job', () => {
  const post = (jobId: string, payload: object) =>
    server.app.inject({ method: 'POST', url: `/v1/jobs/${jobId}/postprocess`, headers: AUTH, payload })

  it('is the candidates above a threshold, without the network, and replaces the one before', async () => {
    const network = await start()
    const job = await finished((await createJob()).job_id)
    const before = network.numRuns()
    const high = (await post(job.job_id, { threshold: 0.9 })).json()
    const low = (await post(job.job_id, { threshold: 0.1 })).json()
    const same = (await post(job.job_id, {})).json()
    expect(high.labels[1]).toBeLessThan(job.result?.labels[1] ?? 0)
    expect(low.labels[1]).toBeGreaterThan(job.result?.labels[1] ?? 0)
    expect(same.mask_sha256).toBe(job.result?.mask_sha256)
    expect(network.numRuns()).toBe(before)
    const names = (await artifactsOf(job.job_id)).map(({ name }) => name)
    expect(names.filter((name) => name.startsWith('postprocessed_')).sort()).toEqual(
      same.artifacts.map(({ name }: Artifact) => name).sort(),
    )
    const file = same.artifacts.find(({ name }: Artifact) => name.endsWith('.mrc'))
    const mask = (await artifactsOf(job.job_id)).find(({ name }) => name === 'mask.mrc')
    const [found, expected] = await Promise.all(
      [file, mask].map((one) => server.app.inject({ url: (one as Artifact).url })),
    )
    expect([found.statusCode, expected.statusCode]).toEqual([200, 200])
    expect(found.rawPayload.findIndex((byte, i) => byte !== expected.rawPayload[i])).toBe(-1)
  })

  it('is refused where no probability was kept, and where a value is out of range', async () => {
    await start()
    const job = await finished((await createJob({ params: { probability: false } })).job_id)
    expect((await post(job.job_id, { threshold: 0.9 })).json().code).toBe('probability_not_kept')
    expect((await post(job.job_id, { threshold: 1.1 })).statusCode).toBe(400)
    expect((await post(job.job_id, { smallest_object_voxels: 3 })).statusCode).toBe(200)
    expect((await post(job.job_id, { colour: 3 })).statusCode).toBe(400)
    expect((await post(job.job_id, { keep_largest: [1, 9] })).json()).toMatchObject({
      code: 'request_invalid',
      status: 400,
      message: expect.stringContaining('label 9, which the model does not have (its labels: 1)'),
    })
    expect((await post(job.job_id, { keep_largest: [1] })).statusCode).toBe(200)
  })
})

describe('objects that are removed', () => {
  /** Two voxels that touch by an edge, and two by a face. */
  async function jobOverPairs(params: object): Promise<Job> {
    const voxels = new Float32Array(8 * 9 * 10)
    for (const [z, y, x] of [
      [2, 2, 2],
      [2, 3, 3],
      [5, 5, 5],
      [5, 5, 6],
    ])
      voxels[(z * 9 + y) * 10 + x] = 20
    const { volume_id } = await uploadAll(server, makeMrc(voxels, [8, 9, 10]))
    const payload = { volume_id, model: 'threshold', params }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect(reply.statusCode, reply.body).toBe(202)
    return finished(reply.json().job_id)
  }

  it('are told apart by 26 neighbours, or by 6 where that is asked for, in a job and afterwards', async () => {
    await start()
    const labelOne = (job: { labels?: Record<string, number> } | null) => job?.labels?.[1]
    const plain = await jobOverPairs({ smallest_object_voxels: 2 })
    expect(labelOne(plain.result)).toBe(4)
    const faces = await jobOverPairs({ smallest_object_voxels: 2, neighbours: 6 })
    expect(labelOne(faces.result)).toBe(2)
    expect(faces.effective_params?.neighbours).toBe(6)
    const post = async (payload: object) =>
      (
        await server.app.inject({
          method: 'POST',
          url: `/v1/jobs/${plain.job_id}/postprocess`,
          headers: AUTH,
          payload,
        })
      ).json()
    const changed: Postprocessed = await post({ smallest_object_voxels: 2, neighbours: 6 })
    expect(labelOne(changed)).toBe(2)
    const report = changed.artifacts.find(({ name }) => name.endsWith('.json')) as Artifact
    const { statistics } = (await server.app.inject({ url: report.url })).json()
    expect(statistics.labels).toMatchObject([
      { value: 0, voxels: 718 },
      { value: 1, voxels: 2, num_objects: 1, objects: [{ start_zyx: [5, 5, 5], shape_zyx: [1, 1, 2] }] },
    ])
    expect(labelOne(await post({ smallest_object_voxels: 2 }))).toBe(4)
    expect((await post({ neighbours: 18 })).code).toBe('request_invalid')
  })
})

/** What a job is held against the limit with while its network was never measured. */
const leastBytes = (memory: JobMemory) =>
  memory.total_bytes - memory.network_bytes + (memory.network_least_bytes ?? Number.NaN)

describe('a job that is shown before it starts', () => {
  it('says what it will hold, and is refused above the limit with the numbers', async () => {
    await start()
    const job = await createJob()
    expect(job.memory).toMatchObject({ network_is_estimate: true, stream_axis: 'z' })
    expect(job.memory?.ring_bytes).toBeGreaterThan(0)
    await finished(job.job_id)
    await server.stop()
    await start({ memoryLimitBytes: 1000 })
    const { volume_id } = await uploadAll(server, makeMrc(VOXELS, SHAPE))
    const payload = { volume_id, model: 'threshold' }
    const refused = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect(refused.json()).toMatchObject({ code: 'memory_limit', status: 422 })
    expect(refused.json().message).toMatch(/needs \d+ bytes of memory, the limit is 1000/)
  })

  it('keeps its sums in a scratch file where that is allowed and memory is too small', async () => {
    await start()
    const { memory, job_id } = await createJob()
    await finished(job_id)
    if (!memory) throw new Error('a job says what it holds')
    await server.stop()
    const memoryLimitBytes = leastBytes(memory) - 5000
    await start({ memoryLimitBytes, maySpill: true })
    const job = await finished((await createJob()).job_id)
    expect(job.effective_params?.spill).toBe(true)
    expect(job.memory?.scratch_bytes).toBe(memory.ring_bytes)
    expect(job.result?.mask_sha256).toBe(createHash('sha256').update(EXPECTED).digest('hex'))
  })

  it('puts fewer tiles through the network together where memory is too small for those asked for, and says so', async () => {
    await start()
    const two = await createJob({ params: { batch: 2 } })
    await finished(two.job_id)
    await server.stop()
    await start({ memoryLimitBytes: two.memory?.total_bytes })
    const job = await createJob({ params: { batch: 4 } })
    expect(job.memory).toMatchObject({ total_bytes: two.memory?.total_bytes, most_tiles_at_once: 2 })
    const done = await finished(job.job_id)
    expect(done.effective_params?.batch).toBe(2)
    for (const { warnings } of [job, done])
      expect(warnings.filter(({ code }) => code === 'batch_reduced')).toHaveLength(1)
    expect(done.result?.mask_sha256).toBe(createHash('sha256').update(EXPECTED).digest('hex'))
  })

  it('says once that its plan rests on a guess, before it runs and when it is completed, also at a second attempt', async () => {
    await start()
    const { memory, job_id } = await createJob()
    await finished(job_id)
    if (!memory) throw new Error('a job says what it holds')
    await server.stop()
    await start({ memoryLimitBytes: memory.total_bytes - 1 }, thresholdManifest(), (run) => {
      if (run === 1) throw new Error('a bad tile')
    })
    const job = await createJob()
    expect(job.warnings.map(({ code }) => code)).toEqual(['memory_guessed'])
    expect((await finished(job.job_id)).state).toBe('failed')
    await server.app.inject({ method: 'POST', url: `/v1/jobs/${job.job_id}/retry`, headers: AUTH, payload: {} })
    const done = await finished(job.job_id)
    expect([done.state, done.attempt]).toEqual(['completed', 2])
    expect(done.warnings.filter(({ code }) => code === 'memory_guessed')).toEqual(job.warnings)
  })

  it('is judged by the region that it asks for, whose tiles it counts', async () => {
    await start()
    const roi_zyx = [
      [2, 10],
      [1, 9],
      [6, 18],
    ]
    const whole = await createJob()
    const part = await createJob({ params: { roi_zyx } })
    for (const { job_id } of [whole, part]) await finished(job_id)
    if (!whole.memory || !part.memory) throw new Error('a job says what it holds')
    expect(part.memory.total_bytes).toBeLessThan(whole.memory.total_bytes)
    await server.stop()
    await start({ memoryLimitBytes: leastBytes(part.memory) })
    const job = await createJob({ params: { roi_zyx } })
    const done = await finished(job.job_id)
    expect(done.state, JSON.stringify(done.error)).toBe('completed')
    expect(job.progress.tiles_total).toBe(done.result?.tiles)
    const { volume_id } = await uploadAll(server, makeMrc(VOXELS, SHAPE))
    const payload = { volume_id, model: 'threshold' }
    const refused = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect(refused.json().code).toBe('memory_limit')
  })

  it.each([
    [{ step: 2 }, 'body.params.step', 'allowed: from 0.01 to 1'],
    [{ threshold: -0.5 }, 'body.params.threshold', 'allowed: from 0 to 1'],
    [{ threads: 999 }, 'body.params.threads', 'allowed: from 1 to 256'],
    [{ batch: 17 }, 'body.params.batch', 'allowed: from 1 to 16'],
    [{ patch_zyx: [0, 8, 8] }, 'body.params.patch_zyx.0', 'allowed: from 1'],
  ])('names a parameter out of range and what is allowed: %j', async (params, place, allowed) => {
    await start()
    const payload = { volume_id: '00000000-0000-7000-8000-000000000000', model: 'threshold', params }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect(reply.json()).toMatchObject({ code: 'request_invalid', message: expect.stringContaining(place) })
    expect(reply.json().message).toContain(allowed)
  })

  it('names the largest patch that is taken', async () => {
    await start()
    const { volume_id } = await uploadAll(server, makeMrc(VOXELS, SHAPE))
    const payload = { volume_id, model: 'threshold', params: { patch_zyx: [4096, 1024, 1024] } }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
    expect(reply.json()).toMatchObject({ code: 'request_invalid' })
    expect(reply.json().message).toContain('4096 × 1024 × 1024 has 4294967296 voxels (allowed: up to 1073741824)')
  })

  it('runs as many tiles at once as asked for, and says so; as the model says only on a card', async () => {
    const manifest = thresholdManifest()
    await start({}, { ...manifest, tiles: { ...manifest.tiles, batch: 4 } })
    const one = await finished((await createJob({ params: { batch: 1 } })).job_id)
    const many = await finished((await createJob({ params: { batch: 3 } })).job_id)
    const none = await finished((await createJob()).job_id)
    const batches = [one, many, none].map(({ effective_params }) => effective_params?.batch)
    expect(batches).toEqual([undefined, 3, undefined])
    expect(new Set([one, many, none].map(({ result }) => result?.mask_sha256)).size).toBe(1)
  })

  it('takes either one volume or several', async () => {
    await start()
    const ask = (payload: object) =>
      server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload: { model: 'threshold', ...payload } })
    const { volume_id: id } = await uploadAll(server, makeMrc(VOXELS, SHAPE))
    expect((await ask({})).json().code).toBe('request_invalid')
    expect((await ask({ volume_id: id, volume_ids: [id] })).json().code).toBe('request_invalid')
    expect((await ask({ volume_ids: [id, id] })).json().code).toBe('model_channels')
    expect(
      (
        await ask({
          volume_ids: [id],
          params: {
            roi_zyx: [
              [0, 1],
              [0, 1],
              [0, 99999],
            ],
          },
        })
      ).json().code,
    ).toBe('roi_out_of_range')
    const job: Job = (await ask({ volume_ids: [id] })).json()
    expect(job.volume_ids).toEqual([id])
    await finished(job.job_id)
  })
})
