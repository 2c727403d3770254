import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CryoMambaClient } from '../../shared/client/api.ts'
import { createClient } from '../../shared/client/client.ts'
import { errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { ByteSource } from '../../shared/volume/header.ts'
import { CHECKPOINT_NAME } from '../inference/checkpoint.ts'
import { startCuttingProxy } from './cutting-proxy.ts'
import { makeMrc } from './make-mrc.ts'
import { childrenOf, hasCompiledServer, type RealServer, startRealServer } from './real-server.ts'
import { until } from './test-server.ts'

/** Needs the compiled server (`npm run build`), which `npm test` makes first. */
const describeReal = describe.runIf(hasCompiledServer)
const describeLinux = describe.runIf(hasCompiledServer && process.platform === 'linux')
const MODEL = 'demo-cryoet-unet'
const SMALL_PARTS = {
  CRYOMAMBA_MIN_CHUNK_BYTES: '65536',
  CRYOMAMBA_CHUNK_BYTES: '65536',
  CRYOMAMBA_CHECKPOINT_SECONDS: '0',
}

/** A float32 volume of noise: no two parts are alike. */
function noiseVolume(shape: readonly [number, number, number]): Uint8Array {
  const bytes = randomBytes(shape[0] * shape[1] * shape[2] * 2)
  return makeMrc(
    Float32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i)),
    shape,
  )
}

function memorySource(bytes: Uint8Array): ByteSource {
  return {
    name: 'noise.mrc',
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    close: async () => undefined,
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let folder: string
let server: RealServer
let client: CryoMambaClient
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-real-'))
  server = await startRealServer(path.join(folder, 'data'), 0, SMALL_PARTS)
  client = createClient(server)
})
afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The file of a volume as it lies on the server's disk. */
async function storedBytes(volumeId: string): Promise<Uint8Array> {
  const at = path.join(folder, 'data/volumes', volumeId)
  return readFile(path.join(at, (await readdir(at))[0]))
}

describeReal('a real server and the real client', () => {
  it('puts a file together over a connection that is cut again and again', async () => {
    const bytes = noiseVolume([20, 130, 150])
    const proxy = await startCuttingProxy(server.port, (connection) => 90_000 + 40_000 * (connection % 5))
    const cutClient = createClient({ url: `http://127.0.0.1:${proxy.port}`, token: server.token })
    const volume = await cutClient.upload(memorySource(bytes), { filename: 'noise.mrc' })
    expect(proxy.numCuts()).toBeGreaterThan(3)
    expect(volume.sha256).toBe(sha256(bytes))
    expect(Buffer.compare(await storedBytes(volume.volume_id), bytes)).toBe(0)
    await proxy.close()
  }, 120_000)

  it('continues an upload after the server was killed in the middle of it', async () => {
    const bytes = noiseVolume([24, 140, 150])
    const { port } = server
    let isKilled = false
    let restarted: Promise<void> = Promise.resolve()
    let hasSaidSo = false
    const volume = await client.upload(memorySource(bytes), {
      filename: 'noise.mrc',
      concurrency: 2,
      onProgress: ({ phase, sentBytes, isRetrying }) => {
        hasSaidSo ||= isRetrying
        if (isKilled || phase !== 'sending' || sentBytes < bytes.length / 3) return
        isKilled = true
        restarted = server.kill().then(async () => {
          server = await startRealServer(path.join(folder, 'data'), port, SMALL_PARTS)
        })
      },
    })
    await restarted
    expect(isKilled).toBe(true)
    expect(hasSaidSo).toBe(true)
    expect(Buffer.compare(await storedBytes(volume.volume_id), bytes)).toBe(0)
  }, 120_000)

  it('gives a file that the server has without sending it again', async () => {
    const bytes = noiseVolume([5, 60, 70])
    const first = await client.upload(memorySource(bytes), { filename: 'a.mrc' })
    let sentBytes = 0
    const again = await client.upload(memorySource(bytes), {
      filename: 'b.mrc',
      onProgress: (progress) => {
        if (progress.phase === 'sending') sentBytes = progress.sentBytes
      },
    })
    expect(again.volume_id).toBe(first.volume_id)
    expect(sentBytes).toBe(0)
  })

  it('names a wrong token, a dead server and a server of another kind', async () => {
    await expect(createClient({ url: server.url, token: 'wrong' }).info()).rejects.toMatchObject({
      code: 'unauthorized',
    })
    await expect(createClient({ url: 'http://127.0.0.1:1', token: 'x' }).info()).rejects.toMatchObject({
      code: 'server_unreachable',
    })
    expect(() => createClient({ url: 'ftp://host', token: 'x' })).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

describeLinux('a job on a real server', () => {
  /** Until so many planes are on the disk that the next attempt need not run the first row of tiles. */
  const untilRowsAreKept = (jobId: string) =>
    until(async () => {
      const file = path.join(folder, 'data/jobs', jobId, 'attempt-1', CHECKPOINT_NAME)
      const text = await readFile(file, 'utf8').catch(() => '{}')
      return JSON.parse(text).numPlanes >= 32
    })
  const jobOf = async (bytes: Uint8Array) => {
    const volume = await client.upload(memorySource(bytes), { filename: 'noise.mrc' })
    return client.createJob({
      volume_id: volume.volume_id,
      model: MODEL,
      params: { patch_zyx: [32, 32, 32] },
      preview: { enabled: true },
    })
  }

  it('is tried again when its worker is killed, and its mask is whole', async () => {
    const job = await jobOf(noiseVolume([160, 96, 100]))
    await untilRowsAreKept(job.job_id)
    const [worker] = await childrenOf(server.child.pid ?? 0)
    process.kill(worker, 'SIGKILL')
    const done = await client.watchJob(job.job_id, {})
    expect(done).toMatchObject({ state: 'completed', attempt: 2 })
    const artifacts = await client.artifacts(job.job_id)
    const mask = artifacts.find((artifact) => artifact.name === 'mask.mrc')
    if (!mask) throw new Error('no mask')
    const file = path.join(folder, 'mask.mrc')
    await client.downloadArtifact(mask, file)
    expect(sha256(await readFile(file))).toBe(mask.sha256)
    expect(await readdir(path.join(folder, 'data/jobs', job.job_id))).toEqual(['attempt-2'])
    // A worker that ends without a word has left what it had put on the disk.
    expect(done.result?.tiles_resumed).toBeGreaterThan(0)
  }, 120_000)

  it('is finished by a server that was killed and started again, while the client keeps watching', async () => {
    const job = await jobOf(noiseVolume([160, 96, 100]))
    const connections: string[] = []
    const watching = client.watchJob(job.job_id, { onConnection: (state) => connections.push(state) })
    await untilRowsAreKept(job.job_id)
    const orphans = await childrenOf(server.child.pid ?? 0)
    const { port } = server
    await server.kill()
    server = await startRealServer(path.join(folder, 'data'), port, SMALL_PARTS)
    const done = await watching
    expect(done).toMatchObject({ state: 'completed', attempt: 2 })
    expect(connections).toContain('lost')
    expect(done.result?.tiles_resumed).toBeGreaterThan(0)
    // A worker without its server ends by itself.
    await until(async () => orphans.every((pid) => !isAlive(pid)))
  }, 120_000)

  it('can be canceled while it runs, and the next one is run', async () => {
    const first = await jobOf(noiseVolume([64, 96, 100]))
    const second = await jobOf(noiseVolume([40, 40, 40]))
    await until(async () => (await client.job(first.job_id)).progress.tiles_done > 0)
    expect((await client.job(second.job_id)).progress.queue_position).toBe(1)
    await client.cancelJob(first.job_id)
    expect((await client.watchJob(first.job_id, {})).state).toBe('canceled')
    const done = await client.watchJob(second.job_id, {})
    if (done.error) throw errorFromEnvelope(done.error)
    expect(done.state).toBe('completed')
  }, 120_000)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
