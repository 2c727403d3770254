import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Upload } from '../../shared/contract/uploads.ts'
import { HashFiles } from '../uploads/hash-files.ts'
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
} from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const FILE = makeMrc(makeVoxels([7, 9, 11]), [7, 9, 11])
const SHA256 = createHash('sha256').update(FILE).digest('hex')

let folder: string
let server: TestServer
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-checks-'))
})
afterEach(() => server.stop())

async function start(hasher?: HashFiles): Promise<void> {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), folder, ...(hasher ? { hasher } : {}) })
}

/** Hashes nothing: a check waits until the file is forgotten, or fails with a bad disk. */
class NoHashes extends HashFiles {
  asked = 0
  private readonly reject: ((error: Error) => void)[] = []
  private readonly isBroken: boolean

  constructor(isBroken: boolean) {
    super()
    this.isBroken = isBroken
  }

  override digest(): Promise<string> {
    this.asked++
    if (this.isBroken) return Promise.reject(Object.assign(new Error('bad disk'), { code: 'EIO' }))
    return new Promise((_resolve, reject) => this.reject.push(reject))
  }

  override forget(): void {
    for (const reject of this.reject.splice(0)) reject(new Error('forgotten'))
  }

  override async close(): Promise<void> {
    this.forget()
  }
}

const ask = (method: 'GET' | 'DELETE', id: string) =>
  server.app.inject({ method, url: `/v1/uploads/${id}`, headers: AUTH })

/** An upload that is being checked. */
async function checking(hasher: NoHashes, body: Record<string, unknown> = {}): Promise<Upload> {
  const upload = await initUpload(server, FILE, body)
  for (let i = 0; i < upload.total_parts; i++)
    await putPart(server, upload.upload_id, i, FILE.subarray(i * upload.chunk_size, (i + 1) * upload.chunk_size))
  const url = `/v1/uploads/${upload.upload_id}/complete`
  expect((await server.app.inject({ method: 'POST', url, headers: AUTH, payload: {} })).statusCode).toBe(202)
  await until(async () => hasher.asked > 0)
  expect((await ask('GET', upload.upload_id)).json().state).toBe('verifying')
  return upload
}

describe('an upload that is being checked', () => {
  it.each([
    ['goes on', false],
    ['cannot be done and is tried again', true],
  ])('can be deleted while the check %s, and nothing of it stays', async (_what, isBroken) => {
    const hasher = new NoHashes(isBroken)
    await start(hasher)
    const { upload_id: id } = await checking(hasher)
    expect((await ask('DELETE', id)).statusCode).toBe(204)
    expect((await ask('GET', id)).json().code).toBe('upload_not_found')
    for (const kind of ['uploads', 'volumes'])
      expect(await readdir(path.join(server.dataFolder, kind)).catch(() => [])).toEqual([])
    const volumes = await server.app.inject({ url: '/v1/volumes', headers: AUTH })
    expect(volumes.json().volumes).toEqual([])
    const { asked } = hasher
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(hasher.asked).toBe(asked)
  })

  it('is found again by a client that asks anew, and is not sent a second time', async () => {
    const hasher = new NoHashes(false)
    await start(hasher)
    const upload = await checking(hasher, { fingerprint: 'a' })
    const again = await initUpload(server, FILE, { fingerprint: 'a' })
    expect(again).toMatchObject({ upload_id: upload.upload_id, state: 'verifying' })
    expect(again.received_parts).toHaveLength(upload.total_parts)
    const url = `/v1/uploads/${upload.upload_id}/complete`
    const payload = { sha256: SHA256 }
    expect((await server.app.inject({ method: 'POST', url, headers: AUTH, payload })).statusCode).toBe(202)
    for (const other of [{ fingerprint: 'b' }, { fingerprint: 'a', sha256: SHA256 }])
      expect((await initUpload(server, FILE, other)).upload_id).not.toBe(upload.upload_id)
  })

  it('is checked by the next server where this one stops, however long the check takes', async () => {
    const hasher = new NoHashes(false)
    await start(hasher)
    const { upload_id: id } = await checking(hasher)
    await server.close()
    await start()
    const done = await until(async () => {
      const upload: Upload = (await ask('GET', id)).json()
      return upload.state === 'completed' && upload
    })
    expect(done.volume?.sha256).toBe(SHA256)
  })
})

describe('a part', () => {
  const bytes = Buffer.from('{}')
  it.each(['application/json', 'text/plain', null])('that is sent as %s is refused by its type', async (type) => {
    await start()
    const upload = await initUpload(server, bytes, { chunk_size: 16 })
    const reply = await server.app.inject({
      method: 'PUT',
      url: `/v1/uploads/${upload.upload_id}/part/0`,
      headers: { ...AUTH, 'content-digest': digestHeader(bytes), ...(type ? { 'content-type': type } : {}) },
      ...(type ? { payload: bytes } : {}),
    })
    expect([reply.statusCode, reply.json().code]).toEqual([415, 'media_type_unsupported'])
  })

  it.each([
    ['gone', (file: string) => rm(file)],
    ['cut', (file: string) => truncate(file, 10)],
  ])('is refused where the file is %s, and the upload begins again with nothing', async (_what, harm) => {
    await start()
    const upload = await initUpload(server, FILE, { fingerprint: 'a' })
    const send = (index: number) => {
      const from = index * upload.chunk_size
      return putPart(server, upload.upload_id, index, FILE.subarray(from, from + upload.chunk_size))
    }
    await send(1)
    await harm(path.join(server.dataFolder, 'uploads', `${upload.upload_id}.partial`))
    const refused = await send(0)
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'upload_incomplete'])
    const again = await initUpload(server, FILE, { fingerprint: 'a' })
    expect(again).toMatchObject({ upload_id: upload.upload_id, received_parts: [] })
    expect((await send(0)).statusCode).toBe(200)
  })
})

it('each hour files go whose upload is not known, but not those that are just made', async () => {
  await start()
  const uploads = path.join(server.dataFolder, 'uploads')
  for (const name of ['old.partial', 'new.partial']) await writeFile(path.join(uploads, name), 'bytes')
  const longAgo = new Date(Date.now() - 2 * 3600_000)
  await utimes(path.join(uploads, 'old.partial'), longAgo, longAgo)
  const kept = await initUpload(server, FILE)
  await utimes(path.join(uploads, `${kept.upload_id}.partial`), longAgo, longAgo)
  await server.tidy()
  expect((await readdir(uploads)).sort()).toEqual([`${kept.upload_id}.partial`, 'new.partial'].sort())
})
