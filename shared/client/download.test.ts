import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Artifact } from '../contract/jobs.ts'
import { downloadArtifact } from './download.ts'
import { HttpConnection } from './http.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A server of one file with Range and If-Range, whose answers can be cut, held or refused. */
let stored: Buffer
let plan: { cutAfter?: number; holdAfter?: number; expired?: boolean; damage?: boolean }[]
let ranges: string[]
let served: http.Server
let connection: HttpConnection
let folder: string
let target: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-download-'))
  target = path.join(folder, 'mask.mrc')
  stored = randomBytes(2_000_000)
  plan = []
  ranges = []
  served = http.createServer(answer)
  await new Promise<void>((resolve) => served.listen(0, '127.0.0.1', resolve))
  connection = new HttpConnection({ url: `http://127.0.0.1:${(served.address() as AddressInfo).port}`, token: 't' })
})
afterEach(async () => {
  served.closeAllConnections()
  await new Promise((resolve) => served.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

function answer(request: http.IncomingMessage, reply: http.ServerResponse): void {
  const step = plan.shift() ?? {}
  ranges.push(String(request.headers.range))
  if (step.expired) {
    const problem = { code: 'signature_invalid', message: 'm', hint: 'h', retryable: true }
    return void reply.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
  }
  const etag = `"${sha256(stored)}"`
  const isSame = request.headers['if-range'] === etag
  const first = isSame ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
  const rest = Buffer.from(stored.subarray(first))
  if (step.damage) rest[0] ^= 1
  reply.writeHead(isSame ? 206 : 200, { etag, 'content-length': rest.length })
  const limit = step.cutAfter ?? step.holdAfter
  if (limit === undefined) return void reply.end(rest)
  reply.write(rest.subarray(0, limit), () => step.cutAfter !== undefined && setTimeout(() => reply.destroy(), 50))
}

function artifact(): Artifact {
  const url = '/v1/files/0190/mask.mrc?expires=1&signature=s'
  const facts = { name: 'mask.mrc', media_type: 'application/octet-stream', warnings: [], expires_at: '' }
  return { ...facts, size_bytes: stored.length, sha256: sha256(stored), url } as unknown as Artifact
}

const problem = (run: Promise<unknown>) => run.catch((error) => error.code)
async function expectWhole(): Promise<void> {
  expect(Buffer.compare(await readFile(target), stored)).toBe(0)
  expect(await readdir(folder)).toEqual(['mask.mrc'])
}

describe('a download', () => {
  it('goes on where it was cut', async () => {
    plan = [{ cutAfter: 700_000 }, { cutAfter: 300_000 }]
    await downloadArtifact(connection, artifact(), target)
    expect(ranges).toHaveLength(3)
    expect(Number(/\d+/.exec(ranges[2])?.[0])).toBeGreaterThan(700_000)
    await expectWhole()
  })

  it('goes on when nothing comes any more', async () => {
    plan = [{ holdAfter: 500_000 }]
    await downloadArtifact(connection, artifact(), target, { idleMs: 200 })
    await expectWhole()
  })

  it('goes on in another run of the program with what the first one left', async () => {
    plan = [{ holdAfter: 900_000 }]
    const stop = new AbortController()
    const onProgress = (bytes: number) => bytes >= 500_000 && stop.abort()
    expect(await problem(downloadArtifact(connection, artifact(), target, { signal: stop.signal, onProgress }))).toBe(
      'canceled',
    )
    expect(await readdir(folder)).toHaveLength(1)
    await downloadArtifact(connection, artifact(), target)
    expect(Number(/\d+/.exec(ranges[1])?.[0])).toBeGreaterThanOrEqual(500_000)
    await expectWhole()
  })

  it('takes the newest version when the artifact was replaced, and leaves nothing of the old one', async () => {
    plan = [{ cutAfter: 800_000 }]
    const old = artifact()
    const refresh = async () => artifact()
    const onProgress = (bytes: number) => {
      if (bytes >= 500_000 && old.sha256 === sha256(stored)) stored = randomBytes(1_500_000)
    }
    await downloadArtifact(connection, old, target, { refresh, onProgress })
    await expectWhole()
  })

  it('asks for another link when the one in use has expired', async () => {
    plan = [{ cutAfter: 400_000 }, { expired: true }]
    let asked = 0
    const refresh = async () => {
      asked++
      return artifact()
    }
    await downloadArtifact(connection, artifact(), target, { refresh })
    expect(asked).toBe(1)
    await expectWhole()
  })

  it('is refused when its bytes are not those of the hash; the file of before stays', async () => {
    await writeFile(target, 'before')
    plan = [{ damage: true }]
    expect(await problem(downloadArtifact(connection, artifact(), target))).toBe('artifact_hash_mismatch')
    expect(await readFile(target, 'utf8')).toBe('before')
    expect(await readdir(folder)).toEqual(['mask.mrc'])
  })
})
