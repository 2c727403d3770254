import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type CertificateFiles, hasOpenssl, signedByLab } from '../../server/test/certificates.ts'
import { createJobOn } from '../../server/test/job-calls.ts'
import { makeMrc } from '../../server/test/make-mrc.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN, until } from '../../server/test/test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../../server/test/threshold-model.ts'
import { createClient } from '../../shared/client/client.ts'
import type { ByteSource } from '../../shared/volume/header.ts'
import { hasProxy, type ProxyName, type RunningProxy, startProxy } from './start-proxy.ts'

const MIB = 1024 * 1024
const PROXIES = ['nginx', 'caddy'] as const
for (const name of PROXIES)
  if (!hasProxy(name)) console.warn(`${name} is absent (Debian: apt-get install nginx-light caddy): not tested`)

let folder: string
let files: CertificateFiles & { ca: string }
let ca: string
let proxy: RunningProxy | null
let server: TestServer | null
let upstream: http.Server | null
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-proxy-'))
  if (!hasOpenssl) return
  files = signedByLab(folder)
  ca = await readFile(files.ca, 'utf8')
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(async () => {
  await proxy?.stop()
  upstream?.closeAllConnections()
  upstream?.close()
  await server?.stop()
  proxy = upstream = server = null
})

async function startServerBehind(name: ProxyName): Promise<TestServer> {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change: { trustProxy: ['loopback'] } })
  proxy = await startProxy(name, folder, files, new URL(await server.listen()).host)
  return server
}

async function startBehind(name: ProxyName, handler: http.RequestListener): Promise<string> {
  const made = http.createServer(handler)
  upstream = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  proxy = await startProxy(name, folder, files, `127.0.0.1:${(made.address() as AddressInfo).port}`)
  return proxy.url
}

function sourceOf(bytes: Uint8Array): ByteSource {
  const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
  return { name: 'volume.mrc', sizeBytes: bytes.length, read, close: async () => undefined }
}

describe.each(PROXIES)('behind %s', (name) => {
  const describeHere = describe.skipIf(!hasOpenssl || !hasProxy(name))

  describeHere('a server', () => {
    it('takes parts of 32 MiB, whole', async () => {
      await startServerBehind(name)
      const noise = randomBytes(2 * 41 * 500 * 512)
      const voxels = Float32Array.from({ length: noise.length / 2 }, (_, index) => noise.readInt16LE(2 * index))
      const bytes = makeMrc(voxels, [41, 500, 512])
      expect(bytes.length).toBeGreaterThan(32 * MIB)
      const client = createClient({ url: proxy?.url ?? '', token: TOKEN, trust: { ca } })
      const volume = await client.upload(sourceOf(bytes), { filename: 'volume.mrc', chunkBytes: 32 * MIB })
      expect(volume.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    })

    it('sends previews over a WebSocket and results by Range', async () => {
      const running = await startServerBehind(name)
      const client = createClient({ url: proxy?.url ?? '', token: TOKEN, trust: { ca } })
      const job = await createJobOn(running)
      let previews = 0
      const done = await client.watchJob(job.job_id, { onPreview: () => void previews++ })
      expect(done.state).toBe('completed')
      expect(previews).toBeGreaterThan(0)
      for (const artifact of await client.artifacts(job.job_id))
        await client.downloadArtifact(artifact, path.join(folder, artifact.name))
      await expect(client.watchJob('00000000-0000-7000-8000-000000000000', {})).rejects.toMatchObject({
        code: 'job_not_found',
      })
    })

    it('may be away for a while: whoever watches a job waits and goes on', async () => {
      const running = await startServerBehind(name)
      const { port } = new URL(running.app.listeningOrigin)
      const job = await createJobOn(running)
      await running.close()
      const client = createClient({ url: proxy?.url ?? '', token: TOKEN, trust: { ca } })
      const states: string[] = []
      const watching = client.watchJob(job.job_id, { onConnection: (state) => states.push(state) })
      await until(async () => states.includes('lost'))
      const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
      const change = { trustProxy: ['loopback'], port: Number(port) }
      server = await makeTestServer({
        launcher,
        manifest: thresholdManifest(),
        change,
        folder: path.dirname(running.dataFolder),
      })
      await server.listen()
      expect((await watching).state).toBe('completed')
    })

    it('shows its figures to nobody outside', async () => {
      await startServerBehind(name)
      const status = await new Promise((resolve, reject) => {
        https.get(`${proxy?.url}/metrics`, { ca }, (reply) => resolve(reply.statusCode)).once('error', reject)
      })
      expect(status).toBe(404)
    })
  })

  describeHere('what passes', () => {
    it('is not kept back on the way in: the first bytes of a part arrive before the last are sent', async () => {
      let hasArrived = false
      const url = await startBehind(name, (request, reply) => {
        request.once('data', () => {
          hasArrived = true
        })
        request.on('end', () => reply.end())
      })
      const headers = { 'content-length': 32 * MIB }
      const request = https.request(`${url}/part`, { method: 'PUT', ca, headers })
      const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
        request.once('response', resolve).once('error', reject)
      })
      request.write(Buffer.alloc(MIB))
      await until(async () => hasArrived)
      request.end(Buffer.alloc(31 * MIB))
      expect((await answer).statusCode).toBe(200)
    })

    it('is not kept back on the way out: the first bytes of an answer arrive before the last are sent', async () => {
      let goOn = (): void => undefined
      const url = await startBehind(name, (_request, reply) => {
        reply.write('first')
        goOn = () => reply.end('last')
      })
      const text = await new Promise<string>((resolve, reject) => {
        https
          .get(`${url}/stream`, { ca }, (reply) => {
            let found = ''
            reply.setEncoding('utf8').on('data', (chunk: string) => {
              if (found === '') goOn()
              found += chunk
            })
            reply.on('end', () => resolve(found))
          })
          .once('error', reject)
      })
      expect(text).toBe('firstlast')
    })

    it('carries who asked and an id, which a client cannot choose', async () => {
      let seen: http.IncomingHttpHeaders = {}
      const url = await startBehind(name, (request, reply) => {
        seen = request.headers
        reply.end()
      })
      const headers = { 'x-request-id': 'forged-by-client', 'x-forwarded-for': '192.0.2.9' }
      await new Promise((resolve, reject) => {
        https.get(`${url}/`, { ca, headers }, (reply) => reply.resume().on('end', resolve)).once('error', reject)
      })
      expect(seen['x-forwarded-for']).toBe('127.0.0.1')
      expect(seen['x-forwarded-proto']).toBe('https')
      expect(seen['x-request-id']).toMatch(/^[0-9a-f-]{32,36}$/)
    })
  })
})
