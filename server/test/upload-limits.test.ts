import { readdir } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ServerConfig } from '../config.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import {
  AUTH,
  digestHeader,
  initUpload,
  inProcessLauncher,
  makeTestServer,
  putPart,
  type TestServer,
  until,
  uploadAll,
} from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const FILE = makeMrc(makeVoxels([7, 9, 11]), [7, 9, 11])
const HOUR_MS = 3_600_000

let server: TestServer
afterEach(async () => {
  vi.useRealTimers()
  await server.stop()
})

async function serverWith(change: Partial<ServerConfig>, folder?: string): Promise<void> {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change, ...(folder ? { folder } : {}) })
}

const init = (payload: object) =>
  server.app.inject({
    method: 'POST',
    url: '/v1/uploads/init',
    headers: AUTH,
    payload: { filename: 'a.mrc', ...payload },
  })
const remove = (url: string) => server.app.inject({ method: 'DELETE', url, headers: AUTH })

describe('what a user may take', () => {
  it('counts volumes and the whole of unfinished uploads, and is free again once they are deleted', async () => {
    await serverWith({ userQuotaBytes: 3 * FILE.length })
    const volume = await uploadAll(server, FILE)
    const open = await initUpload(server, FILE)
    const refused = await init({ total_size: FILE.length + 1 })
    expect(refused.statusCode).toBe(507)
    expect(refused.json()).toMatchObject({ code: 'quota_exceeded', retryable: true })
    for (const number of [2 * FILE.length, 3 * FILE.length, FILE.length + 1])
      expect(refused.json().message).toContain(String(number))
    await remove(`/v1/uploads/${open.upload_id}`)
    await remove(`/v1/volumes/${volume.volume_id}`)
    expect((await init({ total_size: 3 * FILE.length })).statusCode).toBe(201)
  })

  it('is not taken twice by two requests at the same time', async () => {
    await serverWith({ userQuotaBytes: 1500 })
    const replies = await Promise.all([1, 2, 3].map(() => init({ total_size: 1000 })))
    expect(replies.map((reply) => reply.statusCode).sort()).toEqual([201, 507, 507])
  })

  it('is a number of unfinished uploads', async () => {
    await serverWith({ maxUploadsPerUser: 2 })
    const first = await initUpload(server, FILE)
    await initUpload(server, FILE)
    const refused = await init({ total_size: 1000 })
    expect(refused.statusCode).toBe(429)
    expect(refused.json()).toMatchObject({ code: 'uploads_limit', retryable: true })
    await remove(`/v1/uploads/${first.upload_id}`)
    expect((await init({ total_size: 1000 })).statusCode).toBe(201)
  })

  it('leaves the reserve of the disk free', async () => {
    await serverWith({ minFreeBytes: 2 ** 52 })
    expect((await init({ total_size: 1 })).json()).toMatchObject({ code: 'disk_full' })
  })
})

describe('an upload that looks known', () => {
  const fingerprint = (ms: number, samples = 'a') => `v1:${FILE.length}:${ms}:${samples.repeat(64)}`
  it('is asked for its hash first, whenever the file was changed, and only where its volume is there', async () => {
    await serverWith({})
    const volume = await uploadAll(server, FILE, { fingerprint: fingerprint(1) })
    const body = { total_size: FILE.length, fingerprint: fingerprint(2), ask_known: true }
    expect((await init(body)).json()).toEqual({ looks_known: true })
    expect((await init({ ...body, fingerprint: fingerprint(2, 'b') })).statusCode).toBe(201)
    await remove(`/v1/volumes/${volume.volume_id}`)
    expect((await init(body)).statusCode).toBe(201)
  })
})

/** Sends the head of a part and then nothing more. @returns the answer */
function stalledPart(
  url: string,
  uploadId: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...AUTH,
      'content-type': 'application/octet-stream',
      'content-digest': digestHeader(bytes),
      'content-length': String(bytes.length),
    }
    const request = http.request(
      `${url}/v1/uploads/${uploadId}/part/0`,
      { method: 'PUT', headers, signal },
      (reply) => {
        let body = ''
        reply.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }))
      },
    )
    request.on('error', reject)
    request.write(bytes.subarray(0, 100))
  })
}

describe('a part that stalls', () => {
  it('is ended with a problem, not recorded, and taken when it comes again', async () => {
    await serverWith({ uploadIdleSeconds: 1 })
    const url = await server.listen()
    const upload = await initUpload(server, FILE)
    const part = FILE.subarray(0, upload.chunk_size)
    const { status, body } = await stalledPart(url, upload.upload_id, part)
    expect(status).toBe(408)
    expect(JSON.parse(body)).toMatchObject({ code: 'upload_stalled', retryable: true })
    const now = await server.app.inject({ url: `/v1/uploads/${upload.upload_id}`, headers: AUTH })
    expect(now.json().received_parts).toEqual([])
    expect((await putPart(server, upload.upload_id, 0, part)).statusCode).toBe(200)
  })

  it('gives way at once to another sender of the same part', async () => {
    await serverWith({ uploadIdleSeconds: 3600 })
    const url = await server.listen()
    const upload = await initUpload(server, FILE)
    const part = FILE.subarray(0, upload.chunk_size)
    const gone = new AbortController()
    const stalled = stalledPart(url, upload.upload_id, part, gone.signal).catch(() => null)
    // Whichever of the two comes first: the one that sends gets through.
    await until(async () => (await putPart(server, upload.upload_id, 0, part)).statusCode === 200)
    gone.abort()
    await stalled
  })
})

describe('stale uploads', () => {
  it('are deleted with their files; one that goes on is kept', async () => {
    await serverWith({ uploadLifetimeHours: 1 })
    const stale = await initUpload(server, FILE)
    const busy = await initUpload(server, FILE)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await putPart(server, busy.upload_id, 0, FILE.subarray(0, busy.chunk_size))
    const later = (await server.app.inject({ url: `/v1/uploads/${busy.upload_id}`, headers: AUTH })).json()
    expect(Date.parse(later.expires_at)).toBeGreaterThan(Date.parse(stale.expires_at))
    await server.uploads.removeExpired(Date.parse(later.expires_at) - 1)
    expect(await readdir(path.join(server.dataFolder, 'uploads'))).toEqual([`${busy.upload_id}.partial`])
  })

  it('live on where the clock is wrong when the server starts, and while it runs', async () => {
    await serverWith({})
    const { upload_id: id } = await initUpload(server, FILE)
    const now = async () => (await server.app.inject({ url: `/v1/uploads/${id}`, headers: AUTH })).json()
    await server.close()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1000 * HOUR_MS })
    await serverWith({}, path.dirname(server.dataFolder))
    await server.tidy()
    expect(await now()).toMatchObject({ state: 'receiving' })
    vi.setSystemTime(Date.now() + 1000 * HOUR_MS)
    await server.tidy()
    expect(Date.parse((await now()).expires_at)).toBeLessThanOrEqual(Date.now() + 72 * HOUR_MS)
    vi.setSystemTime(Date.now() - 2000 * HOUR_MS)
    await server.tidy()
    expect(Date.parse((await now()).expires_at)).toBeLessThanOrEqual(Date.now() + 72 * HOUR_MS)
  })
})
