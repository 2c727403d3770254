import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import { createClient } from '../../shared/client/client.ts'
import type { ByteSource } from '../../shared/volume/header.ts'
import { type ApiDocument, complaintOf, operationOf, operationsOf } from './api-document.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

/** What the client has no call for: monitors, browsers, administrators and other programs use it. */
const NOT_CALLED = [
  'GET /v1/healthz',
  'GET /v1/readyz',
  'GET /v1/openapi.json',
  'GET /metrics',
  'GET /v1/uploads/{uploadId}/status',
  'PUT /v1/jobs/{jobId}',
  'GET /v1/gpu/status',
  'GET /v1/jobs/{jobId}/artifacts/{name}',
  'GET /v1/me',
  'PUT /v1/volumes/{volumeId}/project',
  'PUT /v1/jobs/{jobId}/project',
  'GET /v1/models/{id}/access',
  'PUT /v1/models/{id}/access',
  'GET /v1/admin/audit',
  'GET /v1/admin/overview',
  'POST /v1/admin/jobs/{jobId}/cancel',
  'POST /v1/jobs/{jobId}/ticket',
  'GET /v1/models/{id}',
  'POST /v1/models',
  'DELETE /v1/uploads/{uploadId}',
  'DELETE /v1/models/{id}',
]

const SHAPE = [21, 13, 18] as const

let server: TestServer
let proxy: RecordingProxy
let root: string
let document: ApiDocument
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-document-'))
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change: { pathRoots: [root] } })
  proxy = await startRecordingProxy(await server.listen())
  document = (await server.app.inject({ url: '/v1/openapi.json' })).json()
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
  await rm(root, { recursive: true })
})

function sourceOf(bytes: Uint8Array): ByteSource {
  const read = async (offset: number, length: number) => bytes.slice(offset, offset + length)
  return { name: 'volume.mrc', sizeBytes: bytes.length, read, close: async () => undefined }
}

/** Every method of the client once, over the proxy; gives the names of those that were called. */
async function callEverything(): Promise<Set<string>> {
  const called = new Set<string>()
  const client = new Proxy(createClient({ url: proxy.url, token: TOKEN }), {
    get: (target, name: string) => {
      called.add(name)
      return Reflect.get(target, name)
    },
  })
  await runFlow(client)
  return called
}

async function runFlow(client: CryoMambaClient): Promise<void> {
  await client.info()
  const [model] = await client.models()
  const volume = await client.upload(sourceOf(makeMrc(makeVoxels(SHAPE), SHAPE)), { filename: 'volume.mrc' })
  await client.volume(volume.volume_id)
  await writeFile(path.join(root, 'other.mrc'), makeMrc(makeVoxels([5, 6, 7]), [5, 6, 7]))
  const other = await client.volumeFromPath(path.join(root, 'other.mrc'))
  expect(await client.volumes(1)).toHaveLength(1)
  expect(await client.volumes()).toHaveLength(2)
  const preview = { enabled: true, factor: 4, interval_seconds: 0 }
  const job = await client.createJob({ volume_id: volume.volume_id, model: model.id, preview })
  await client.job(job.job_id)
  await client.me()
  const { shape_zyx, dtype, voxel_size_zyx, unit } = volume
  const estimate = await client.estimateJob({ model: model.id, shape_zyx, dtype, voxel_size_zyx, unit })
  expect(estimate?.tiles).toBe(job.progress.tiles_total)
  expect((await client.watchJob(job.job_id, {})).state).toBe('completed')
  await client.jobs()
  expect((await client.jobPage({ limit: 1, cursor: null })).jobs).toHaveLength(1)
  expect(await client.jobPage({ limit: 1, cursor: job.job_id })).toEqual({ jobs: [], next_cursor: null })
  await client.postprocess(job.job_id, { threshold: 0.5 })
  const [artifact] = await client.artifacts(job.job_id)
  await client.downloadArtifact(artifact, path.join(root, artifact.name))
  await expect(client.pauseJob(job.job_id)).rejects.toMatchObject({ code: 'job_state' })
  await expect(client.resumeJob(job.job_id)).rejects.toMatchObject({ code: 'job_state' })
  await expect(client.retryJob(job.job_id)).rejects.toMatchObject({ code: 'job_state' })
  await client.cancelJob(job.job_id)
  await client.deleteVolume(other.volume_id)
  await expect(client.volume(other.volume_id)).rejects.toMatchObject({ code: 'volume_not_found' })
  const stranger = createClient({ url: proxy.url, token: 'a wrong token of some length' })
  await expect(stranger.info()).rejects.toMatchObject({ code: 'unauthorized' })
}

describe('the API document', () => {
  it('says of every operation what it does, who may call it and what comes back', () => {
    const tags = document.tags.map(({ name }) => name)
    for (const [name, operation] of operationsOf(document)) {
      expect(operation.summary, name).toMatch(/^[A-Z].{4,}[^.]$/)
      expect(tags, name).toContain(operation.tags?.[0])
      expect(operation.security, name).toBeDefined()
      expect(
        Object.keys(operation.responses).some((status) => /^[123]/.test(status)),
        name,
      ).toBe(true)
      for (const status of ['4XX', '5XX'])
        expect(operation.responses[status].content?.['application/problem+json'], name).toEqual({
          schema: { $ref: '#/components/schemas/Problem' },
        })
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
      const declared = operation.parameters?.filter((one) => one.in === 'path').map((one) => one.name) ?? []
      expect(declared.sort(), name).toEqual(inPath.sort())
    }
  })

  it('has every route of the server but the pages', () => {
    const routes = server.app.routeList
      .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
      .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`)
    expect(
      operationsOf(document)
        .map(([name]) => name)
        .sort(),
    ).toEqual([...new Set(routes)].sort())
  })

  it('refers only to schemas that it has', () => {
    const text = JSON.stringify(document)
    const wanted = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name)
    expect(wanted.length).toBeGreaterThan(50)
    expect(new Set(wanted)).toSatisfy((names: Set<string>) =>
      [...names].every((name) => document.components.schemas[name]),
    )
  })

  it('has operations that exist, and only the open ones without a token', async () => {
    for (const [name, operation] of operationsOf(document)) {
      const [method, pattern] = name.split(' ')
      const url = pattern.replace(/\{(\w+)\}/g, (_, word) => (word === 'partIndex' ? '0' : '0'.repeat(8)))
      const reply = await server.app.inject({ method: method as 'GET', url, remoteAddress: '192.0.2.1' })
      if (operation.security?.length === 0) expect(reply.statusCode, name).not.toBe(401)
      else expect(reply.json(), name).toMatchObject({ code: 'unauthorized' })
      expect(reply.body, name).not.toContain('route_not_found')
    }
  })

  it('agrees with what the client asks and the server answers', async () => {
    const called = await callEverything()
    expect([...called].sort()).toEqual(
      Object.keys(createClient({ url: proxy.url, token: TOKEN }))
        .filter((name) => name !== 'address')
        .sort(),
    )
    expect(proxy.exchanges.length).toBeGreaterThan(20)
    expect(proxy.exchanges.map((exchange) => complaintOf(document, exchange)).filter(Boolean)).toEqual([])
    const used = new Set(proxy.exchanges.map((exchange) => operationOf(document, exchange)))
    const unused = operationsOf(document).flatMap(([name]) => (used.has(name) ? [] : [name]))
    expect(unused.filter((name) => !NOT_CALLED.includes(name))).toEqual([])
  })

  it('is told apart from answers that do not fit it', () => {
    const fits = proxy.exchanges.find(({ path: at, status }) => at === '/v1/server/info' && status === 200)
    if (!fits) throw new Error('the flow did not ask for it')
    expect(complaintOf(document, { ...fits, body: Buffer.from('{"name":"cryomamba"}') })).toContain('required')
    expect(complaintOf(document, { ...fits, status: 302 })).toContain('status')
    expect(complaintOf(document, { ...fits, path: '/v1/nothing' })).toContain('not documented')
  })
})

describe('the page /docs', () => {
  it('needs no token, takes nothing from elsewhere and runs no script of its own', async () => {
    const page = await server.app.inject({ url: '/docs' })
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(page.body).not.toMatch(/https?:\/\/|<script>|on\w+=/)
    const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url)
    expect(files.length).toBeGreaterThan(4)
    for (const url of files) expect((await server.app.inject({ url })).statusCode, url).toBe(200)
  })

  it('gives no other file of the disk', async () => {
    for (const url of ['/docs/static/%2e%2e/%2e%2e/package.json', '/docs/static/..%2f..%2findex.js'])
      expect([401, 404], url).toContain((await server.app.inject({ url })).statusCode)
  })
})
