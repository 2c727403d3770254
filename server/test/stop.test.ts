import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createJobOn, finishedOn, jobOn } from './job-calls.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let folder: string
let gate: { wait: Promise<void>; open: () => void }
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-stop-'))
  let open = (): void => undefined
  const wait = new Promise<void>((resolve) => {
    open = resolve
  })
  gate = { wait, open }
})
afterEach(async () => {
  gate.open()
  await rm(folder, { recursive: true, force: true })
})

/** A server whose network stands still in its third tile until the gate opens. */
async function start(): Promise<{ server: TestServer; numRuns: () => number }> {
  const network = fakeThresholdNetwork((run) => (run === 3 ? gate.wait : undefined))
  const launcher = inProcessLauncher(network.createSession)
  return { server: await makeTestServer({ launcher, manifest: thresholdManifest(), folder }), numRuns: network.numRuns }
}

async function startInThirdTile() {
  const started = await start()
  const job = await createJobOn(started.server)
  await until(async () => started.numRuns() === 3)
  return { ...started, jobId: job.job_id }
}

describe('a server that is told to stop', () => {
  it('lets the tile finish, hands the job back, and the next server runs it', async () => {
    const { server, numRuns, jobId } = await startInThirdTile()
    const closing = server.close(60_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await jobOn(server, jobId)).state).toMatch(/running|previewing/)
    gate.open()
    await closing
    expect(numRuns()).toBe(3)
    const { server: next } = await start()
    const done = await finishedOn(next, jobId)
    expect(done).toMatchObject({ state: 'completed', attempt: 2 })
    await next.close()
  })

  it('refuses new work and says when to come again, while looking still works', async () => {
    const { server, jobId } = await startInThirdTile()
    expect((await server.app.inject({ url: '/v1/readyz' })).json()).toEqual({ status: 'ok' })
    const closing = server.close(60_000)
    const ask = (url: string) => server.app.inject({ method: 'POST', url, headers: AUTH, payload: {} })
    for (const url of ['/v1/jobs', '/v1/uploads/init', `/v1/jobs/${jobId}/retry`]) {
      const refused = await ask(url)
      expect(refused.statusCode, url).toBe(503)
      expect(refused.headers['retry-after']).toBe('30')
      expect(refused.json()).toMatchObject({ code: 'server_stopping', retryable: true })
    }
    const ready = await server.app.inject({ url: '/v1/readyz' })
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toMatchObject({ code: 'not_ready', message: expect.stringContaining('stopping') })
    expect((await server.app.inject({ url: '/v1/healthz' })).statusCode).toBe(200)
    gate.open()
    await closing
  })

  it('waits no longer than it was given; the job is on the queue all the same', async () => {
    const { server, jobId } = await startInThirdTile()
    await server.close(100)
    gate.open()
    const { server: next } = await start()
    expect(await finishedOn(next, jobId)).toMatchObject({ state: 'completed', attempt: 2 })
    await next.close()
  })

  it('cancels a job that a user canceled before, instead of running it again', async () => {
    const { server, jobId } = await startInThirdTile()
    await server.app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}`, headers: AUTH })
    const closing = server.close(60_000)
    gate.open()
    await closing
    const { server: next } = await start()
    expect((await jobOn(next, jobId)).state).toBe('canceled')
    await next.close()
  })
})
