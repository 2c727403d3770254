import { afterEach, describe, expect, it } from 'vitest'
import type { JobEstimate } from '../../shared/contract/estimate.ts'
import { createJobOn, finishedOn, SHAPE } from './job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(change = {}) {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change })
}

const FACTS = { model: 'threshold', shape_zyx: SHAPE, dtype: 'float32', voxel_size_zyx: null, unit: null }

const ask = (body: object = {}) =>
  server.app.inject({ method: 'POST', url: '/v1/jobs/estimate', headers: AUTH, payload: { ...FACTS, ...body } })

describe('the estimate of a job', () => {
  it('has the tiles and the memory of the job itself, and its time once one like it ran', async () => {
    await start()
    const before: JobEstimate = (await ask()).json()
    expect(before).toMatchObject({ seconds: null, fits_memory: true, queue_length: 0 })
    const job = await createJobOn(server)
    expect(before.tiles).toBe(job.progress.tiles_total)
    expect(before.memory.ring_bytes).toBe(job.memory?.ring_bytes)
    const done = await finishedOn(server, job.job_id)
    const after: JobEstimate = (await ask()).json()
    expect(after.seconds).toBeCloseTo(done.result?.seconds ?? Number.NaN, 6)
  })

  it('knows that a region has fewer tiles', async () => {
    await start()
    const whole: JobEstimate = (await ask()).json()
    const roi_zyx = [
      [0, 8],
      [0, 8],
      [0, 8],
    ]
    const part: JobEstimate = (await ask({ params: { roi_zyx } })).json()
    expect(part.tiles).toBeLessThan(whole.tiles)
  })

  it('refuses more tiles than any job runs, and places none of them', async () => {
    await start()
    const reply = await ask({ shape_zyx: [60_000, 60_000, 60_000], params: { step: 0.01 } })
    expect(reply.statusCode).toBe(400)
    expect(reply.json().message).toContain('allowed: up to 10000000')
  })

  it('says that a job would be refused instead of refusing, and names what is not known or out of range', async () => {
    await start({ memoryLimitBytes: 1000 })
    expect((await ask()).json()).toMatchObject({ fits_memory: false, memory: { limit_bytes: 1000 } })
    expect((await ask({ model: 'none' })).json().code).toBe('model_not_found')
    expect((await ask({ params: { step: 2 } })).statusCode).toBe(400)
    expect((await ask({ params: { step: 1e-8 } })).json().code).toBe('request_invalid')
    expect(
      (
        await ask({
          params: {
            roi_zyx: [
              [0, 99],
              [0, 1],
              [0, 1],
            ],
          },
        })
      ).json().code,
    ).toBe('roi_out_of_range')
  })
})
