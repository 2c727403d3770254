import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../shared/contract/jobs.ts'
import { artifactsOn, createJobOn, finishedOn } from './job-calls.ts'
import { callsOn, type Method } from './people-calls.ts'
import { AUTH, initUpload, inProcessLauncher, makeTestServer, putPart, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let server: TestServer
afterEach(() => server.stop())

async function start(change = {}, createSession = fakeThresholdNetwork().createSession): Promise<void> {
  server = await makeTestServer({ launcher: inProcessLauncher(createSession), manifest: thresholdManifest(), change })
}

const { ask, tokenOf } = callsOn(() => server)

describe('requests', () => {
  const perMinute = 20
  const unknownId = '0197f0f0-0000-7000-8000-000000000000'
  /** Sends until a request is refused, and says how many were not. */
  async function numUntilRefused(send: () => Promise<{ statusCode: number }>): Promise<number> {
    for (let sent = 0; sent <= perMinute; sent++) if ((await send()).statusCode === 429) return sent
    return Number.POSITIVE_INFINITY
  }

  it('are limited per token and minute', async () => {
    await start({ requestsPerMinute: perMinute })
    const anna = await tokenOf('anna')
    for (let i = 0; i < perMinute; i++) expect((await ask(anna, 'GET', '/v1/jobs')).status).toBe(200)
    const refused = await ask(anna, 'GET', '/v1/jobs')
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(refused.body).toMatchObject({ retryable: true, request_id: expect.any(String) })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask(await tokenOf('anna'), 'GET', '/v1/jobs')).status).toBe(200)
    expect((await ask(anna, 'GET', '/v1/healthz')).status).toBe(200)
  })

  it('in the words of the original, and those that are refused, count as all others', async () => {
    await start({ requestsPerMinute: perMinute })
    const calls: [Method, string, object?][] = [
      ['GET', '/v1/jobs?status=completed'],
      ['GET', '/v1/jobs?offset=1'],
      ['POST', '/v1/uploads/init', { upload_id: unknownId }],
      ['POST', `/v1/uploads/${unknownId}/complete`, { checksum: '0'.repeat(64) }],
      ['POST', '/v1/jobs', { file_id: unknownId, volume_id: unknownId }],
      ['GET', `/v1/jobs/${unknownId}/artifacts/mask.mrc`],
      ['PUT', `/v1/jobs/${unknownId}`, { start_inference: true }],
      ['POST', '/v1/jobs', { surprise: true }],
      ['GET', '/v1/volumes/no-id'],
      ['GET', '/v1/volumes?limit=many'],
    ]
    for (const [index, [method, url, payload]] of calls.entries()) {
      const headers = await tokenOf(`user${index}`)
      const send = () => server.app.inject({ method, url, headers, ...(payload ? { payload } : {}) })
      expect(await numUntilRefused(send), `${method} ${url}`).toBe(perMinute)
    }
  })

  it('for parts, signed files and looks at a job or upload that goes on are not limited', async () => {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    await start({ requestsPerMinute: perMinute }, fakeThresholdNetwork(() => gate).createSession)
    const job = await createJobOn(server)
    const live = await until(async () => {
      const now = (await ask(AUTH, 'GET', `/v1/jobs/${job.job_id}`)).body as Job
      return now.state !== 'queued' && now
    })
    expect(live.state).toMatch(/^(running|previewing)$/)
    const bytes = new Uint8Array(1000).fill(7)
    const upload = await initUpload(server, new Uint8Array(3000))
    const statusOf = (url: string) => async () => (await server.app.inject({ url, headers: AUTH })).statusCode
    const many = async (send: () => Promise<number>, status: number) => {
      for (let sent = 0; sent < 2 * perMinute; sent++) expect(await send()).toBe(status)
    }
    await many(statusOf(`/v1/jobs/${job.job_id}`), 200)
    await many(async () => (await putPart(server, upload.upload_id, 1, bytes)).statusCode, 200)
    await many(statusOf(`/v1/uploads/${upload.upload_id}`), 200)
    await many(statusOf(`/v1/uploads/${upload.upload_id}/status`), 200)
    open()
    await finishedOn(server, job.job_id)
    const [{ url: link }] = await artifactsOn(server, job.job_id)
    const download = async () => (await server.app.inject({ url: link, headers: { range: 'bytes=0-9' } })).statusCode
    await many(download, 206)
    // The limit is there all the same.
    expect(await numUntilRefused(() => server.app.inject({ url: '/v1/jobs', headers: AUTH }))).toBeLessThan(perMinute)
  })
})

describe('refused tokens', () => {
  const guess = (index: number) => ({ authorization: `Bearer cm_guess${index}` })
  const guesses = async () => {
    for (let index = 0; index < 60; index++) expect((await ask(guess(index), 'GET', '/v1/jobs')).status).toBe(401)
  }

  it('of one address are limited before they are looked up, and audited once', async () => {
    await start({ requestsPerMinute: 200 })
    const anna = await tokenOf('anna')
    expect((await ask(anna, 'GET', '/v1/jobs')).status).toBe(200)
    await guesses()
    const limited = await ask(guess(60), 'GET', '/v1/jobs')
    expect(limited).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask(anna, 'GET', '/v1/jobs')).status).toBe(200)
    const [line, ...more] = await server.people.listAudit({ user: 'unknown', limit: 10, before: null })
    expect(line).toMatchObject({ action: 'auth.refused', status: 401, address: '127.0.0.1', tokenId: null })
    expect(more).toEqual([])
  })

  it('are not limited where requests are not', async () => {
    await start({ requestsPerMinute: 0 })
    await guesses()
    expect((await ask(guess(60), 'GET', '/v1/jobs')).status).toBe(401)
  })
})
