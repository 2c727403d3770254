import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Upload } from '../../shared/contract/uploads.ts'
import { HashFiles } from '../uploads/hash-files.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import {
  AUTH,
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
const SHA256 = createHash('sha256').update(FILE).digest('hex')

let server: TestServer
const launcher = () => inProcessLauncher(fakeThresholdNetwork().createSession)
beforeEach(async () => {
  server = await makeTestServer({ launcher: launcher(), manifest: thresholdManifest() })
})
afterEach(() => server.stop())

const part = (upload: Upload, index: number) =>
  FILE.subarray(index * upload.chunk_size, (index + 1) * upload.chunk_size)
const stateOf = async (id: string): Promise<Upload> =>
  (await server.app.inject({ url: `/v1/uploads/${id}`, headers: AUTH })).json()
const complete = (id: string, payload: object = {}) =>
  server.app.inject({ method: 'POST', url: `/v1/uploads/${id}/complete`, headers: AUTH, payload })
const verified = (id: string) =>
  until(async () => {
    const upload = await stateOf(id)
    return upload.state === 'completed' || upload.state === 'failed' ? upload : null
  })

describe('upload', () => {
  it('puts parts that arrive in any order and at the same time together to the same bytes', async () => {
    const upload = await initUpload(server, FILE, { chunk_size: 300 })
    expect(upload).toMatchObject({
      state: 'receiving',
      chunk_size: 300,
      received_parts: [],
      total_parts: Math.ceil(FILE.length / 300),
    })
    const order = Array.from({ length: upload.total_parts }, (_, i) => i).reverse()
    await Promise.all(order.map((index) => putPart(server, upload.upload_id, index, part(upload, index))))
    expect((await complete(upload.upload_id, { sha256: SHA256 })).statusCode).toBe(202)
    const done = await verified(upload.upload_id)
    expect(done.volume).toMatchObject({
      sha256: SHA256,
      shape_zyx: [7, 9, 11],
      dtype: 'float32',
      unit: 'angstrom',
      format: 'mrc',
    })
  })

  it('gives the volume at once when the user has that hash already', async () => {
    const volume = await uploadAll(server, FILE)
    const reply = await server.app.inject({
      method: 'POST',
      url: '/v1/uploads/init',
      headers: AUTH,
      payload: { filename: 'copy.mrc', total_size: FILE.length, sha256: SHA256 },
    })
    expect(reply.statusCode).toBe(200)
    expect(reply.json()).toEqual({ volume })
  })

  it('takes the same bytes read with another sign of mode 0 as another volume', async () => {
    const bytes = new Uint8Array(FILE.subarray(0, 1024 + 7 * 9 * 11))
    new DataView(bytes.buffer).setInt32(12, 0, true)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const signed = await uploadAll(server, bytes, { sha256: hash })
    const unsigned = await uploadAll(server, bytes, { sha256: hash, metadata: { mode0: 'unsigned' } })
    expect([signed.dtype, unsigned.dtype]).toEqual(['int8', 'uint8'])
    const body = { filename: 'a.mrc', total_size: bytes.length, sha256: hash, metadata: { mode0: 'unsigned' } }
    const again = await server.app.inject({ method: 'POST', url: '/v1/uploads/init', headers: AUTH, payload: body })
    expect(again.json().volume.volume_id).toBe(unsigned.volume_id)
  })

  it('finds the open upload of a known fingerprint, also after the server was started again', async () => {
    const upload = await initUpload(server, FILE, { chunk_size: 1000, fingerprint: 'abc' })
    await putPart(server, upload.upload_id, 2, part(upload, 2))
    await server.close()
    server = await makeTestServer({
      launcher: launcher(),
      manifest: thresholdManifest(),
      folder: path.dirname(server.dataFolder),
    })
    const again = await initUpload(server, FILE, { chunk_size: 500, fingerprint: 'abc' })
    expect(again).toMatchObject({ upload_id: upload.upload_id, chunk_size: 1000, received_parts: [2] })
  })

  it.each([
    ['a wrong hash', 422, 'upload_part_corrupt', (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)],
    ['too few bytes', 422, 'upload_part_size', (bytes: Uint8Array) => bytes.subarray(1)],
    ['too many bytes', 422, 'upload_part_size', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
  ])(
    'refuses a part with %s, records nothing, and takes the right one afterwards',
    async (_what, status, code, damage) => {
      const upload = await initUpload(server, FILE)
      const good = part(upload, 0)
      const damaged = damage(good)
      const headers: Record<string, string> =
        code === 'upload_part_corrupt'
          ? { 'content-digest': `sha-256=:${createHash('sha256').update(good).digest('base64')}:` }
          : {}
      const reply = await putPart(server, upload.upload_id, 0, damaged, headers)
      expect(reply.statusCode).toBe(status)
      expect(reply.json()).toMatchObject({ code, retryable: true })
      expect((await stateOf(upload.upload_id)).received_parts).toEqual([])
      expect((await putPart(server, upload.upload_id, 0, good)).statusCode).toBe(200)
    },
  )

  it('never writes over a part that it has recorded', async () => {
    const upload = await initUpload(server, FILE)
    await putPart(server, upload.upload_id, 1, part(upload, 1))
    const other = part(upload, 1).map((byte) => byte ^ 1)
    expect((await putPart(server, upload.upload_id, 1, other)).json()).toMatchObject({ code: 'upload_part_corrupt' })
    for (let i = 0; i < upload.total_parts; i++)
      expect((await putPart(server, upload.upload_id, i, part(upload, i))).statusCode).toBe(200)
    await complete(upload.upload_id)
    expect((await verified(upload.upload_id)).volume?.sha256).toBe(SHA256)
  })

  it('refuses a part without digest, outside the file, of an unknown upload, and after completion', async () => {
    const upload = await initUpload(server, FILE)
    expect((await putPart(server, upload.upload_id, 0, part(upload, 0), { 'content-digest': '' })).json().code).toBe(
      'upload_digest_missing',
    )
    expect((await putPart(server, upload.upload_id, 99, part(upload, 0))).json().code).toBe('upload_part_index')
    expect((await putPart(server, '00000000-0000-7000-8000-000000000000', 0, part(upload, 0))).json().code).toBe(
      'upload_not_found',
    )
    expect((await putPart(server, '..%2f..%2fetc', 0, part(upload, 0))).statusCode).toBe(400)
  })

  it('refuses to complete while parts are missing, and says how many', async () => {
    const upload = await initUpload(server, FILE)
    const reply = await complete(upload.upload_id)
    expect(reply.statusCode).toBe(409)
    expect(reply.json()).toMatchObject({
      code: 'upload_incomplete',
      message: expect.stringContaining(String(upload.total_parts)),
    })
  })

  it('fails an upload whose whole hash differs, and leaves nothing on disk', async () => {
    const upload = await initUpload(server, FILE)
    for (let i = 0; i < upload.total_parts; i++) await putPart(server, upload.upload_id, i, part(upload, i))
    await complete(upload.upload_id, { sha256: '0'.repeat(64) })
    expect((await verified(upload.upload_id)).error?.code).toBe('upload_hash_mismatch')
    await until(async () => (await readdir(path.join(server.dataFolder, 'uploads'))).length === 0)
  })

  it('keeps the bytes of an upload whose check met a passing problem, and goes on', async () => {
    await server.stop()
    const hasher = new HashFiles()
    const problems = [{ code: 'EMFILE' }, { code: 'EDQUOT' }]
    const digest = hasher.digest.bind(hasher)
    hasher.digest = async (...asked) => {
      const code = problems.shift()
      if (code) throw Object.assign(new Error('not now'), code)
      return digest(...asked)
    }
    server = await makeTestServer({ launcher: launcher(), manifest: thresholdManifest(), hasher })
    const upload = await initUpload(server, FILE)
    for (let i = 0; i < upload.total_parts; i++) await putPart(server, upload.upload_id, i, part(upload, i))
    await complete(upload.upload_id)
    expect((await verified(upload.upload_id)).volume?.sha256).toBe(SHA256)
    expect(problems).toEqual([])
  })

  it('goes on waiting where a check cannot be done, and fails where the file is gone', async () => {
    await server.stop()
    const hasher = new HashFiles()
    let isAsked = false
    hasher.digest = async () => {
      isAsked = true
      throw Object.assign(new Error('bad disk'), { code: 'EIO' })
    }
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-verify-'))
    const options = { launcher: launcher(), manifest: thresholdManifest(), folder }
    server = await makeTestServer({ ...options, hasher })
    const upload = await initUpload(server, FILE)
    for (let i = 0; i < upload.total_parts; i++) await putPart(server, upload.upload_id, i, part(upload, i))
    await complete(upload.upload_id)
    await until(async () => isAsked)
    await server.close()
    const partial = path.join(server.dataFolder, 'uploads', `${upload.upload_id}.partial`)
    expect((await readFile(partial)).equals(FILE)).toBe(true)
    await rm(partial)
    server = await makeTestServer(options)
    expect((await verified(upload.upload_id)).error?.code).toBe('upload_incomplete')
  })

  it('fails an upload that is no volume with the name that the user gave it', async () => {
    const junk = new Uint8Array(5000).fill(7)
    const upload = await initUpload(server, junk, { filename: 'notes.mrc' })
    for (let i = 0; i < upload.total_parts; i++) {
      await putPart(server, upload.upload_id, i, junk.subarray(i * upload.chunk_size, (i + 1) * upload.chunk_size))
    }
    await complete(upload.upload_id)
    const done = await verified(upload.upload_id)
    expect(done.state).toBe('failed')
    expect(done.error?.code).toMatch(/^format_/)
    expect(done.error?.message).not.toContain(server.dataFolder)
  })

  it.each([
    [{ chunk_size: 4 }, 422, 'chunk_size_out_of_range'],
    [{ total_size: 10 ** 15 }, 413, 'upload_too_large'],
    [{ filename: '../../etc/passwd' }, 400, 'request_invalid'],
    [{ filename: 'a\u0000b' }, 400, 'request_invalid'],
    [{ total_size: 0 }, 400, 'request_invalid'],
    [{ total_size: '7' }, 400, 'request_invalid'],
    [{ surprise: 1 }, 400, 'request_invalid'],
  ])('refuses to begin with %j', async (change, status, code) => {
    const payload = { filename: 'a.mrc', total_size: 100, ...change }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/uploads/init', headers: AUTH, payload })
    expect(reply.statusCode).toBe(status)
    expect(reply.json().code).toBe(code)
  })

  it('names an unknown field', async () => {
    const payload = { filename: 'a.mrc', total_size: 100, surprise: 1 }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/uploads/init', headers: AUTH, payload })
    expect(reply.json().message).toContain('surprise')
  })

  it('says that the disk is full before a byte is sent', async () => {
    await server.stop()
    server = await makeTestServer({
      launcher: launcher(),
      manifest: thresholdManifest(),
      change: { maxUploadBytes: 2 ** 52 },
    })
    const payload = { filename: 'a.mrc', total_size: 2 ** 51 }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/uploads/init', headers: AUTH, payload })
    expect(reply.statusCode).toBe(507)
    expect(reply.json()).toMatchObject({ code: 'disk_full', retryable: true })
  })

  it('forgets a deleted upload and its file', async () => {
    const upload = await initUpload(server, FILE)
    await putPart(server, upload.upload_id, 0, part(upload, 0))
    expect(
      (await server.app.inject({ method: 'DELETE', url: `/v1/uploads/${upload.upload_id}`, headers: AUTH })).statusCode,
    ).toBe(204)
    expect((await stateOf(upload.upload_id)) as unknown).toMatchObject({ code: 'upload_not_found' })
    expect(await readdir(path.join(server.dataFolder, 'uploads'))).toEqual([])
  })
})

describe('volumes', () => {
  it('lists, gives and deletes; a deleted volume is gone from the disk', async () => {
    const volume = await uploadAll(server, FILE)
    expect((await server.app.inject({ url: '/v1/volumes', headers: AUTH })).json()).toEqual({
      volumes: [volume],
      next_cursor: null,
    })
    expect(
      (await server.app.inject({ method: 'DELETE', url: `/v1/volumes/${volume.volume_id}`, headers: AUTH })).statusCode,
    ).toBe(204)
    expect((await server.app.inject({ url: `/v1/volumes/${volume.volume_id}`, headers: AUTH })).json().code).toBe(
      'volume_not_found',
    )
    expect(await readdir(path.join(server.dataFolder, 'volumes'))).toEqual([])
  })

  it('reads server-side paths under an allowed root only, links resolved', async () => {
    const root = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-root-'))
    await writeFile(path.join(root, 'tomogram.mrc'), FILE)
    await server.stop()
    server = await makeTestServer({
      launcher: launcher(),
      manifest: thresholdManifest(),
      change: { pathRoots: [root] },
    })
    const ask = (file: string) =>
      server.app.inject({ method: 'POST', url: '/v1/volumes/from-path', headers: AUTH, payload: { path: file } })
    expect((await ask(path.join(root, 'tomogram.mrc'))).json()).toMatchObject({
      filename: 'tomogram.mrc',
      sha256: SHA256,
    })
    for (const file of ['/etc/passwd', path.join(root, '../../etc/passwd'), root]) {
      expect((await ask(file)).json().code).toBe('path_not_allowed')
    }
    await rm(root, { recursive: true })
  })
})

describe('every route', () => {
  it('refuses without the right token, and says so as problem+json', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic abc' }]) {
      const reply = await server.app.inject({ url: '/v1/server/info', headers })
      expect(reply.statusCode).toBe(401)
      expect(reply.json()).toMatchObject({ code: 'unauthorized', request_id: expect.any(String) })
    }
    expect((await server.app.inject({ url: '/v1/healthz' })).json()).toMatchObject({ status: 'ok' })
  })

  it('answers unknown addresses and broken JSON as problems, never as 500', async () => {
    expect((await server.app.inject({ url: '/v1/nothing', headers: AUTH })).json().code).toBe('route_not_found')
    const reply = await server.app.inject({
      method: 'POST',
      url: '/v1/jobs',
      headers: { ...AUTH, 'content-type': 'application/json' },
      payload: '{"a":',
    })
    expect(reply.statusCode).toBe(400)
    expect(reply.json().code).toBe('request_invalid')
  })

  it('lets no web page in when embedded', async () => {
    await server.stop()
    server = await makeTestServer({ launcher: launcher(), manifest: thresholdManifest(), change: { isEmbedded: true } })
    const ask = (headers: Record<string, string>) =>
      server.app.inject({ url: '/v1/server/info', headers: { ...AUTH, ...headers } })
    expect((await ask({ host: '127.0.0.1:1234' })).statusCode).toBe(200)
    expect((await ask({ host: 'evil.example' })).json().code).toBe('forbidden_origin')
    expect((await ask({ host: '127.0.0.1:1234', origin: 'https://evil.example' })).json().code).toBe('forbidden_origin')
  })
})

describe('artifact links', () => {
  it('are refused when forged or expired', async () => {
    const id = '00000000-0000-7000-8000-000000000000'
    const reply = await server.app.inject({
      url: `/v1/files/${id}/mask.mrc?expires=9999999999&key=a&content=b&signature=abc`,
    })
    expect(reply.json().code).toBe('signature_invalid')
  })
})
