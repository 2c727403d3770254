import { afterEach, describe, expect, it, vi } from 'vitest'
import * as backoff from '../../shared/client/backoff.ts'
import { createClient } from '../../shared/client/client.ts'
import { SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN, until } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

let letGo: () => void = () => undefined
let server: TestServer
afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  letGo()
  await server.stop()
})

/** @returns its address; jobs do not get on before `letGo` */
async function start(change: object = {}, keepaliveMs = 60_000): Promise<string> {
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork(() => gate).createSession),
    manifest: thresholdManifest(),
    ...{ change, keepaliveMs },
  })
  return server.listen()
}

const newToken = async () => server.tokens.create({ user: 'anna', scopes: ['write'], lifetimeDays: 1 })

/** Connections that the server holds beside idle ones. */
async function openConnections(): Promise<number> {
  server.app.server.closeIdleConnections()
  return new Promise((resolve) => server.app.server.getConnections((_error, count) => resolve(count)))
}

async function jobOf(url: string, token: string) {
  const bytes = makeMrc(VOXELS, SHAPE)
  const source = {
    ...{ name: 'a.mrc', sizeBytes: bytes.length, close: async () => undefined },
    read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
  }
  const client = createClient({ url, token })
  const { volume_id } = await client.upload(source, { filename: 'a.mrc' })
  return client.createJob({ volume_id, model: 'threshold' })
}

/** Only the clock of the server is moved, by what the client waits. */
function clockMovedByWaits(): number[] {
  vi.useFakeTimers({ toFake: ['Date'] })
  const waits: number[] = []
  vi.spyOn(backoff, 'pause').mockImplementation(async (ms) => {
    waits.push(ms)
    vi.setSystemTime(Date.now() + ms)
  })
  return waits
}

describe('a client that sends too many requests', () => {
  it('waits as long as the server says, and has its answer then', async () => {
    const url = await start({ requestsPerMinute: 3 })
    const waits = clockMovedByWaits()
    const client = createClient({ url, token: TOKEN })
    for (let i = 0; i < 4; i++) expect(await client.models()).toHaveLength(1)
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeGreaterThan(0)
    expect(waits[0]).toBeLessThanOrEqual(60_000)
  })

  it('does not wait when it is only asked whether the server is there', async () => {
    const url = await start({ requestsPerMinute: 1 })
    const waits = clockMovedByWaits()
    const client = createClient({ url, token: TOKEN })
    await client.info()
    await expect(client.info()).rejects.toMatchObject({ code: 'rate_limited' })
    expect(waits).toEqual([])
  })
})

describe('a client whose token is revoked', () => {
  it('goes on with the one that was entered meanwhile, while it watches and in every other request', async () => {
    const url = await start({}, 30)
    const [first, second] = [await newToken(), await newToken()]
    const { job_id } = await jobOf(url, first.token)
    let entered = first.token
    const asked: string[] = []
    const renewToken = async (refused: string) => {
      asked.push(refused)
      return entered
    }
    const client = createClient({ url, token: first.token, renewToken })
    const lost: string[] = []
    const watched = client.watchJob(job_id, { onConnection: (state) => lost.push(state) })
    await until(async () => lost.includes('open'))
    entered = second.token
    await server.tokens.revoke(first.record.tokenId)
    await until(async () => lost.lastIndexOf('open') > lost.indexOf('lost') && lost.includes('lost'))
    letGo()
    expect((await watched).state).toBe('completed')
    expect(asked).toEqual([first.token])
    const third = createClient({ url, token: first.token, renewToken })
    expect((await third.job(job_id)).state).toBe('completed')
    expect(third.address.token).toBe(second.token)
  })

  it('ends with the problem where the same token comes back', async () => {
    const url = await start({}, 30)
    const { token, record } = await newToken()
    const { job_id } = await jobOf(url, token)
    await server.tokens.revoke(record.tokenId)
    const client = createClient({ url, token, renewToken: async () => token })
    await expect(client.job(job_id)).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(client.watchJob(job_id, {})).rejects.toMatchObject({ code: 'unauthorized' })
    await until(async () => (await openConnections()) === 0) // the refused upgrade left none
    letGo()
    const other = createClient({ url, token: (await newToken()).token })
    expect((await other.watchJob(job_id, {})).state).toBe('completed')
  })
})
