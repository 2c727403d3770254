import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { Upload } from '../../shared/contract/uploads.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { type ComposedServer, type ComposeOptions, composeServer } from '../compose.ts'
import { readConfig, type ServerConfig } from '../config.ts'
import type { FromWorker, ToWorker } from '../inference/messages.ts'
import type { SessionFactory } from '../inference/network-session.ts'
import { serveOneJob } from '../inference/worker-loop.ts'
import type { Worker, WorkerLauncher } from '../jobs/worker-launcher.ts'
import { honestNetwork } from './hostile-networks.ts'
import { databaseOfFolder, dropDatabaseOfFolder } from './shared-postgres.ts'

export const TOKEN = 'test-token-0123456789'
export const AUTH = { authorization: `Bearer ${TOKEN}` }

/** Runs the real worker loop in this process, with a network of the test's choosing. */
export function inProcessLauncher(createSession: SessionFactory): WorkerLauncher {
  return {
    launch: async () => {
      const toServer = new Set<(message: FromWorker) => void>()
      const toWorker = new Set<(message: ToWorker) => void>()
      const exits = new Set<Parameters<Worker['onExit']>[0]>()
      const channel = {
        send: (message: FromWorker) => void toServer.forEach((listener) => void listener(structuredClone(message))),
        onMessage: (listener: (message: ToWorker) => void) => void toWorker.add(listener),
      }
      setImmediate(async () => {
        await serveOneJob(channel, { openVolume: openVolumeFile, createSession, engine: 'fake' })
        for (const listener of exits) listener({ reason: 'exit code 0', lastLines: '' })
      })
      return {
        send: (message) => void toWorker.forEach((listener) => void listener(message)),
        onMessage: (listener) => void toServer.add(listener),
        onExit: (listener) => void exits.add(listener),
        kill: () => void exits.forEach((listener) => void listener({ reason: 'killed', lastLines: '' })),
      }
    },
  }
}

export interface TestServer extends ComposedServer {
  dataFolder: string
  config: ServerConfig
  stop(): Promise<void>
}

/** A composed server over a folder of its own with one model package, not listening. */
export async function makeTestServer(options: {
  launcher: WorkerLauncher
  manifest: ModelManifest
  change?: Partial<ServerConfig>
  folder?: string
  tryModel?: ComposeOptions['tryModel']
  logger?: Parameters<typeof composeServer>[3]
  tlsLookMs?: number
  keepaliveMs?: number
  hasher?: ComposeOptions['hasher']
  cpuInstead?: string
}): Promise<TestServer> {
  const root = options.folder ?? (await mkdtemp(path.join(os.tmpdir(), 'cryomamba-test-')))
  const models = path.join(root, 'models')
  await writeModelPackage(path.join(models, options.manifest.id), options.manifest)
  const dataFolder = path.join(root, 'data')
  const defaults = readConfig({ CRYOMAMBA_TOKEN: TOKEN }, { dataFolder, modelFolders: [models] })
  const databaseUrl = await databaseOfFolder(dataFolder)
  const config: ServerConfig = {
    ...defaults,
    databaseUrl,
    minChunkBytes: 16,
    defaultChunkBytes: 1000,
    port: 0,
    requestsPerMinute: 0,
    ...options.change,
  }
  const server = await composeServer(config, options.launcher, '0.0.0-test', options.logger ?? false, {
    ...(options.tryModel ? { tryModel: options.tryModel } : {}),
    ...(options.tlsLookMs ? { tlsLookMs: options.tlsLookMs } : {}),
    ...(options.keepaliveMs ? { keepaliveMs: options.keepaliveMs } : {}),
    ...(options.cpuInstead ? { cpuInstead: options.cpuInstead } : {}),
    ...(options.hasher ? { hasher: options.hasher } : {}),
  })
  const stop = async () => {
    await server.close()
    await dropDatabaseOfFolder(dataFolder)
    // A worker in this process cannot be killed and may still write.
    await rm(root, { recursive: true, force: true, maxRetries: 20 })
  }
  return { ...server, dataFolder, config, stop }
}

/** A package whose network is never run: the test's own session stands in for it. */
async function writeModelPackage(folder: string, manifest: ModelManifest): Promise<void> {
  await mkdir(folder, { recursive: true })
  const network = honestNetwork()
  const onnx = { ...manifest.onnx, bytes: network.length, sha256: createHash('sha256').update(network).digest('hex') }
  await writeFile(path.join(folder, onnx.file), network)
  await writeFile(path.join(folder, 'model.json'), JSON.stringify({ ...manifest, onnx }))
}

export function digestHeader(bytes: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`
}

export function putPart(
  server: TestServer,
  uploadId: string,
  index: number,
  bytes: Uint8Array,
  headers: Record<string, string> = {},
) {
  return server.app.inject({
    method: 'PUT',
    url: `/v1/uploads/${uploadId}/part/${index}`,
    headers: { ...AUTH, 'content-type': 'application/octet-stream', 'content-digest': digestHeader(bytes), ...headers },
    payload: Buffer.from(bytes),
  })
}

export async function initUpload(
  server: TestServer,
  bytes: Uint8Array,
  body: Record<string, unknown> = {},
): Promise<Upload> {
  const payload = { filename: 'volume.mrc', total_size: bytes.length, ...body }
  const reply = await server.app.inject({ method: 'POST', url: '/v1/uploads/init', headers: AUTH, payload })
  if (reply.statusCode !== 201) throw new Error(reply.body)
  return reply.json()
}

/** Waits until `probe` gives a value. */
export async function until<T>(probe: () => Promise<T | null | undefined | false>, timeoutMs = 20_000): Promise<T> {
  const endMs = Date.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value) return value
    if (Date.now() > endMs) throw new Error('waited too long')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Uploads bytes in parts, out of order, and gives the volume. */
export async function uploadAll(
  server: TestServer,
  bytes: Uint8Array,
  body: Record<string, unknown> = {},
): Promise<Volume> {
  const upload = await initUpload(server, bytes, body)
  for (let index = upload.total_parts - 1; index >= 0; index--) {
    const part = bytes.subarray(index * upload.chunk_size, (index + 1) * upload.chunk_size)
    const reply = await putPart(server, upload.upload_id, index, part)
    if (reply.statusCode !== 200) throw new Error(reply.body)
  }
  const url = `/v1/uploads/${upload.upload_id}`
  await server.app.inject({ method: 'POST', url: `${url}/complete`, headers: AUTH, payload: {} })
  const done = await until<Upload>(async () => {
    const now: Upload = (await server.app.inject({ url, headers: AUTH })).json()
    return now.state === 'completed' || now.state === 'failed' ? now : null
  })
  if (!done.volume) throw new Error(JSON.stringify(done.error))
  return done.volume
}
