import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClient } from '../../shared/client/client.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ByteSource } from '../../shared/volume/header.ts'
import { TokenService } from '../people/token-service.ts'
import { logSettings } from '../plugins/log-settings.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, TOKEN } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const SHAPE = [21, 13, 18] as const
const FILE = 'Mueller-Anna_1957.mrc'

type Line = Record<string, unknown> & { msg: string }

let folder: string
let text: string
let server: TestServer
beforeEach(async () => {
  text = ''
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-secretfolder-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(change: Parameters<typeof makeTestServer>[0]['change'] = {}, onRun?: () => void): Promise<string> {
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += chunk
      done()
    },
  })
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork(onRun).createSession),
    manifest: thresholdManifest(),
    folder,
    change: { pathRoots: [folder], ...change },
    logger: logSettings('trace', stream),
  })
  return server.listen()
}

const lines = (): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const requests = () => lines().filter(({ msg }) => msg === 'request')

function sourceOf(bytes: Uint8Array): ByteSource {
  const read = async (offset: number, length: number) => bytes.slice(offset, offset + length)
  return { name: FILE, sizeBytes: bytes.length, read, close: async () => undefined }
}

describe('the log', () => {
  it('holds no token, query, file name or path of a whole flow with failures in it', async () => {
    const url = await start()
    const client = createClient({ url, token: TOKEN })
    const volume = await client.upload(sourceOf(makeMrc(makeVoxels(SHAPE), SHAPE)), { filename: FILE })
    const preview = { enabled: true, factor: 4, interval_seconds: 0 }
    const job = await client.createJob({ volume_id: volume.volume_id, model: 'threshold', preview })
    await client.watchJob(job.job_id, {})
    const [artifact] = await client.artifacts(job.job_id)
    await client.downloadArtifact(artifact, path.join(folder, FILE))
    await expect(client.upload(sourceOf(new Uint8Array(3000)), { filename: `bad-${FILE}` })).rejects.toThrow()
    await expect(client.volumeFromPath(`/etc/${FILE}`)).rejects.toMatchObject({ code: 'path_not_allowed' })
    await expect(createClient({ url, token: 'a-stolen-token-0123456789' }).info()).rejects.toThrow()
    await fetch(`${url}/v1/jobs/${FILE}?token=${TOKEN}&name=${FILE}`, { headers: AUTH })
    await fetch(`${url}/${FILE}?token=${TOKEN}`, { headers: { 'user-agent': FILE, referer: `http://${FILE}` } })
    expect(requests().length).toBeGreaterThan(12)
    const signature = new URL(artifact.url, url).searchParams.get('signature') as string
    for (const secret of [
      TOKEN,
      'stolen',
      'Mueller',
      '1957',
      'secretfolder',
      signature,
      'signature=',
      '/etc/',
      os.tmpdir(),
    ])
      expect(text).not.toContain(secret)
  })

  it('has one line per request with route, status, time, bytes, id and user', async () => {
    const url = await start()
    const client = createClient({ url, token: TOKEN })
    await client.info()
    await expect(client.job('00000000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'job_not_found' })
    await fetch(`${url}/v1/healthz`)
    expect(requests()).toMatchObject([
      { method: 'GET', route: '/v1/server/info', status: 200, user: 'owner', level: 'info' },
      { route: '/v1/jobs/:jobId', status: 404, job_id: '00000000-0000-7000-8000-000000000000' },
      { route: '/v1/healthz', status: 200 },
    ])
    for (const line of requests()) {
      expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/)
      expect(line.ms).toBeGreaterThan(0)
      expect(line.bytes_in).toBeGreaterThan(50)
      expect(line.bytes_out).toBeGreaterThan(100)
      expect(Date.parse(String(line.time))).toBeGreaterThan(0)
    }
    expect(requests()[2]).not.toHaveProperty('user')
  })

  it('puts a request, its job and the end of the job together by their ids', async () => {
    const url = await start({}, () => {
      throw new Error(`cannot open /srv/${FILE}`)
    })
    const client = createClient({ url, token: TOKEN })
    const volume = await client.upload(sourceOf(makeMrc(makeVoxels(SHAPE), SHAPE)), { filename: FILE })
    const job = await client.createJob({ volume_id: volume.volume_id, model: 'threshold' })
    expect((await client.watchJob(job.job_id, {})).state).toBe('failed')
    const about = lines().filter(({ job_id: id }) => id === job.job_id)
    expect(about).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ msg: 'request', route: '/v1/jobs', status: 202 }),
        expect.objectContaining({ msg: 'job started', device: 'cpu', attempt: 1 }),
        expect.objectContaining({ msg: 'job failed', level: 'error', code: 'internal' }),
      ]),
    )
    expect(text).not.toContain('Mueller')
  })

  it('says why a token of the identity provider was refused, which the sender is not told', async () => {
    const url = await start()
    const logReason = 'sign-in refused: the claim email is not verified'
    vi.spyOn(TokenService.prototype, 'accessOf').mockRejectedValue(new DomainError('unauthorized', { logReason }))
    const reply = await fetch(`${url}/v1/me`, { headers: { authorization: 'Bearer a.b.c' } })
    expect(await reply.text()).not.toContain('email')
    expect(lines().filter(({ msg }) => msg === 'request refused')).toMatchObject([
      { code: 'unauthorized', reason: logReason },
    ])
  })

  it('takes the id of a request from a trusted proxy only, and only if it is one', async () => {
    const ask = async (url: string, id: string) =>
      (await fetch(`${url}/v1/healthz`, { headers: { 'x-request-id': id } })).headers.get('x-request-id')
    const url = await start()
    expect(await ask(url, 'from-a-stranger-1')).not.toBe('from-a-stranger-1')
    await server.close()
    text = ''
    const trusting = await start({ trustProxy: ['loopback'] })
    expect(await ask(trusting, 'from-the-proxy-1')).toBe('from-the-proxy-1')
    for (const bad of ['short', 'x'.repeat(65), 'a"b,"level":"fatal', 'with space here'])
      expect(await ask(trusting, bad)).toMatch(/^[0-9a-f-]{36}$/)
    expect(requests()[0].request_id).toBe('from-the-proxy-1')
  })
})
