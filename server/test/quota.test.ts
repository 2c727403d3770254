import { afterEach, expect, it } from 'vitest'
import { artifactsOn, createJobOn, finishedOn, SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const FILE = makeMrc(VOXELS, SHAPE)
/** Mask, probability and candidates of a byte each. */
const RESULT_BYTES = 3 * VOXELS.length

let open: () => void
let mustFail = false
let server: TestServer
afterEach(async () => {
  open()
  await server.stop()
})

/** A server whose jobs do not get on before `open`. */
async function start(userQuotaBytes: number) {
  const gate = new Promise<void>((resolve) => (open = resolve))
  const onRun = () => {
    if (mustFail) throw new Error('this network fails')
    return gate
  }
  const launcher = inProcessLauncher(fakeThresholdNetwork(onRun).createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change: { userQuotaBytes } })
}

const post = (url: string, payload: object) => server.app.inject({ method: 'POST', url, headers: AUTH, payload })
const job = (volumeId: string) => post('/v1/jobs', { volume_id: volumeId, model: 'threshold' })

it('a job for whose result there is no room is refused with the numbers', async () => {
  await start(FILE.length + RESULT_BYTES - 1)
  const { volume_id: id } = await uploadAll(server, FILE)
  const refused = await job(id)
  expect(refused.statusCode).toBe(507)
  expect(refused.json()).toMatchObject({ code: 'quota_exceeded', retryable: true })
  for (const number of [FILE.length, FILE.length + RESULT_BYTES - 1, RESULT_BYTES])
    expect(refused.json().message).toContain(String(number))
  const small = { volume_id: id, model: 'threshold', params: { probability: false } }
  expect((await post('/v1/jobs', small)).statusCode).toBe(202)
})

it('jobs that have not ended count with what they will leave, also where they are sent together', async () => {
  await start(FILE.length + 2 * RESULT_BYTES)
  const { volume_id: id } = await uploadAll(server, FILE)
  const replies = await Promise.all([job(id), job(id), job(id)])
  expect(replies.map(({ statusCode }) => statusCode).sort()).toEqual([202, 202, 507])
  const taken = replies.filter(({ statusCode }) => statusCode === 202).map((reply) => reply.json().job_id)
  open()
  for (const jobId of taken) await finishedOn(server, jobId)
  // What they left counts in their place.
  expect((await job(id)).json().code).toBe('quota_exceeded')
})

it('another mask, and a job that is tried again, need room, too', async () => {
  await start(FILE.length + RESULT_BYTES + 100_000)
  open()
  mustFail = true
  const failed = await finishedOn(server, (await createJobOn(server)).job_id)
  expect(failed.state).toBe('failed')
  mustFail = false
  const done = (await job(failed.volume_id)).json()
  expect((await finishedOn(server, done.job_id)).state).toBe('completed')
  const taken = FILE.length + (await artifactsOn(server, done.job_id)).reduce((sum, one) => sum + one.size_bytes, 0)
  server.config.userQuotaBytes = taken + VOXELS.length - 1
  const mask = () => post(`/v1/jobs/${done.job_id}/postprocess`, { threshold: 0.5 })
  expect((await mask()).json().code).toBe('quota_exceeded')
  expect((await post(`/v1/jobs/${failed.job_id}/retry`, {})).json().code).toBe('quota_exceeded')
  server.config.userQuotaBytes = taken + VOXELS.length
  expect((await mask()).statusCode).toBe(200)
})
