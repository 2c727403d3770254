import { createHash } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BUNDLED_MODEL_IDS, DEFAULT_MODEL } from '../package-facts.ts'
import { EXPECTED, finishedOn, SHAPE, VOXELS } from '../test/job-calls.ts'
import { makeMrc } from '../test/make-mrc.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer } from '../test/test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../test/threshold-model.ts'

const FILE = Buffer.from(makeMrc(VOXELS, SHAPE))
const SHA256 = createHash('sha256').update(FILE).digest('hex')
const CHUNK = 4096
const BUNDLED = path.resolve(import.meta.dirname, '../../resources/models')

let server: TestServer
beforeEach(async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest() })
})
afterEach(() => server.stop())

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
const ask = (method: Method, url: string, payload?: object) =>
  server.app.inject({ method, url, headers: AUTH, ...(payload ? { payload } : {}) })

/** A part as Python's `requests` sends it: a form with the field `content`. */
function sendForm(uploadId: string, index: number, bytes: Uint8Array, change: { field?: string; end?: string } = {}) {
  const boundary = 'b0undary'
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${change.field ?? 'content'}"; filename="blob"\r\nContent-Type: application/octet-stream\r\n\r\n`
  const payload = Buffer.concat([Buffer.from(head), bytes, Buffer.from(change.end ?? `\r\n--${boundary}--\r\n`)])
  return server.app.inject({
    method: 'PUT',
    url: `/v1/uploads/${uploadId}/part/${index}`,
    headers: { ...AUTH, 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload,
  })
}

const part = (index: number) => FILE.subarray(index * CHUNK, (index + 1) * CHUNK)

async function begin(more: object = {}) {
  const body = { filename: 'tomogram.mrc', total_size_bytes: FILE.length, chunk_size_bytes: CHUNK, ...more }
  const reply = await ask('POST', '/v1/uploads/init', body)
  expect(reply.statusCode, reply.body).toBe(201)
  return reply.json()
}

async function uploaded() {
  const upload = await begin({ checksum_alg: 'sha256', expected_checksum: SHA256 })
  for (let index = 0; index < upload.total_parts; index++)
    expect((await sendForm(upload.upload_id, index, part(index))).json()).toMatchObject({
      status: 'ok',
      received_part: index,
    })
  const done = await ask('POST', `/v1/uploads/${upload.upload_id}/complete`, { checksum: `sha256:${SHA256}` })
  expect(done.statusCode, done.body).toBe(200)
  return done.json()
}

describe('an upload in the words of the original', () => {
  it('is taken whole: total_size_bytes, parts as forms, a complete that names the file', async () => {
    const done = await uploaded()
    expect(done).toMatchObject({
      status: 'completed',
      size: FILE.length,
      checksum: `sha256:${SHA256}`,
      completed: true,
    })
    expect((await ask('GET', `/v1/volumes/${done.file_id}`)).json()).toMatchObject({ sha256: SHA256 })
    expect(JSON.stringify(done)).not.toContain(server.dataFolder)
  })

  it('tells what it has, at /status and when it is begun again with its id', async () => {
    const upload = await begin()
    await sendForm(upload.upload_id, 1, part(1))
    const known = { received_parts: [1], resume_parts: [1], completed: false, chunk_size_bytes: CHUNK }
    const status = (await ask('GET', `/v1/uploads/${upload.upload_id}/status`)).json()
    expect(status).toMatchObject({ ...known, progress: 1 / upload.total_parts })
    const again = { filename: 'tomogram.mrc', total_size_bytes: FILE.length, upload_id: upload.upload_id }
    expect((await ask('POST', '/v1/uploads/init', again)).json()).toMatchObject(known)
  })

  it('takes the form of the documentation too: content_type, complete with parts', async () => {
    const body = {
      filename: 'a.mrc',
      total_size: FILE.length,
      chunk_size: CHUNK,
      content_type: 'application/octet-stream',
    }
    const upload = (await ask('POST', '/v1/uploads/init', body)).json()
    for (let index = 0; index < upload.total_parts; index++) await sendForm(upload.upload_id, index, part(index))
    const parts = [{ part_number: 0, etag: 'x' }]
    const done = await ask('POST', `/v1/uploads/${upload.upload_id}/complete`, { parts })
    expect(done.json()).toMatchObject({ status: 'completed', checksum: `sha256:${SHA256}` })
  })

  it('is refused where the sum is of another kind, the bytes differ, or a size is given twice', async () => {
    const refused = async (more: object) =>
      (await ask('POST', '/v1/uploads/init', { filename: 'a.mrc', total_size_bytes: 9, ...more })).json()
    expect(await refused({ checksum_alg: 'md5', expected_checksum: 'x' })).toMatchObject({ code: 'request_invalid' })
    expect((await refused({ total_size: 9 })).message).toContain('total_size_bytes and total_size')
    expect((await refused({ surprise: 1 })).message).toContain('surprise')
    const upload = await begin()
    for (let index = 0; index < upload.total_parts; index++) await sendForm(upload.upload_id, index, part(index))
    const wrong = await ask('POST', `/v1/uploads/${upload.upload_id}/complete`, { checksum: '0'.repeat(64) })
    expect(wrong.statusCode).toBe(422)
    expect(wrong.json().code).toBe('upload_hash_mismatch')
  })

  it('says what is really wrong with a file that came whole and is no volume', async () => {
    const body = { filename: 'text.mrc', total_size_bytes: 2000, chunk_size_bytes: CHUNK }
    const upload = (await ask('POST', '/v1/uploads/init', body)).json()
    const text = Buffer.alloc(2000, 'no volume ')
    await sendForm(upload.upload_id, 0, text)
    const checksum = createHash('sha256').update(text).digest('hex')
    const refused = await ask('POST', `/v1/uploads/${upload.upload_id}/complete`, { checksum })
    const { error } = (await ask('GET', `/v1/uploads/${upload.upload_id}`)).json()
    expect(error.code).toMatch(/^format_/)
    expect(refused.json()).toMatchObject({ code: error.code, message: error.message, hint: error.hint })
    expect(refused.statusCode).toBe(422)
  })

  it('takes no form that is not one field of the right size', async () => {
    const { upload_id: id } = await begin()
    const code = async (reply: ReturnType<typeof sendForm>) => (await reply).json().code
    expect(await code(sendForm(id, 0, part(0), { field: 'other' }))).toBe('request_invalid')
    expect(await code(sendForm(id, 0, part(0), { end: '' }))).toBe('request_invalid')
    expect(await code(sendForm(id, 0, part(0), { end: '\r\n--b0undary\r\nmore' }))).toBe('request_invalid')
    expect(await code(sendForm(id, 0, part(0).subarray(1)))).toBe('upload_part_size')
    expect(await code(sendForm(id, 0, Buffer.alloc(33 * 1024 * 1024)))).toBe('payload_too_large')
    expect(await code(sendForm('00000000-0000-7000-8000-000000000000', 0, part(0)))).toBe('upload_not_found')
    expect((await ask('GET', `/v1/uploads/${id}/status`)).json().received_parts).toEqual([])
  })

  it('takes forms nowhere else', async () => {
    const headers = { ...AUTH, 'content-type': 'multipart/form-data; boundary=x' }
    const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: '--x--' })
    expect(reply.statusCode).toBe(415)
  })
})

describe('a job in the words of the original', () => {
  it('as documented: file_id, step_size, disable_tta, save_probabilities, preview_config', async () => {
    const { file_id: fileId } = await uploaded()
    const reply = await ask('POST', '/v1/jobs', {
      file_id: fileId,
      model: 'threshold',
      params: { step_size: 0.25, disable_tta: false, save_probabilities: true },
      preview_config: { enabled: true, interval_seconds: 0, downsample_factor: 4 },
    })
    expect(reply.statusCode, reply.body).toBe(202)
    const job = reply.json()
    expect(job.status).toBe('queued')
    // Null once it has been taken from the queue, which may be at once.
    expect([1, null]).toContain(job.queue_position)
    expect(job.params).toEqual({ step: 0.25, probability: true, mirror_axes: ['z', 'y', 'x'] })
    expect((await ask('PUT', `/v1/jobs/${job.job_id}`, { start_inference: true })).json().job_id).toBe(job.job_id)
    const done = await finishedOn(server, job.job_id)
    expect(done.result?.labels['1']).toBe(EXPECTED.reduce((sum, label) => sum + label, 0))
    const file = await ask('GET', `/v1/jobs/${job.job_id}/artifacts/mask.mrc`)
    expect(file.statusCode).toBe(302)
    expect((await server.app.inject({ url: file.headers.location as string })).rawPayload.length).toBeGreaterThan(1024)
  })

  it('as coded: params with upload_id, patch_size, overlap_percent, use_tta, and no model', async () => {
    const { upload_id: uploadId } = await uploaded()
    const reply = await ask('POST', '/v1/jobs', {
      has_volume: true,
      volume_shape: [...SHAPE],
      volume_dtype: 'float32',
      params: {
        upload_id: uploadId,
        patch_size: [8, 8, 8],
        overlap_percent: 50,
        use_tta: false,
        dummy_inference: false,
      },
    })
    expect(reply.json()).toMatchObject({ model: 'threshold', params: { patch_zyx: [8, 8, 8], step: 0.5 } })
    expect((await finishedOn(server, reply.json().job_id)).state).toBe('completed')
  })

  it('runs the default where no model is named and the server has none but the bundled ones', async () => {
    const restart = async (modelFolders: (own: string) => string[]) => {
      await server.stop()
      const folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-original-'))
      const change = { modelFolders: modelFolders(path.join(folder, 'models')) }
      const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
      server = await makeTestServer({ launcher, manifest: thresholdManifest(), folder, change })
    }
    const order = async () => {
      const { upload_id: uploadId } = await uploaded()
      return (await ask('POST', '/v1/jobs', { params: { upload_id: uploadId } })).json()
    }
    await restart(() => [BUNDLED])
    const { models } = (await ask('GET', '/v1/models')).json()
    expect(models.map(({ id }: { id: string }) => id)).toEqual(BUNDLED_MODEL_IDS)
    const job = await order()
    expect(job.model).toBe(DEFAULT_MODEL)
    await finishedOn(server, job.job_id)
    await restart((own) => [BUNDLED, own])
    expect((await order()).message).toContain('model must be named')
  })

  it('is refused where the words have no counterpart of the same meaning', async () => {
    const { file_id: fileId } = await uploaded()
    const message = async (params: object) =>
      (await ask('POST', '/v1/jobs', { file_id: fileId, model: 'threshold', params })).json().message
    expect(await message({ folds: [0] })).toContain('folds')
    expect(await message({ dummy_inference: true })).toContain('dummy_inference')
    const twice = { file_id: fileId, volume_id: fileId, model: 'threshold' }
    expect((await ask('POST', '/v1/jobs', twice)).json().message).toContain('file_id and volume_id')
  })

  it('is listed by status in either spelling, with offset and limit', async () => {
    const { file_id: fileId } = await uploaded()
    const ids: string[] = []
    for (let count = 0; count < 3; count++) {
      const { job_id: id } = (await ask('POST', '/v1/jobs', { file_id: fileId, model: 'threshold' })).json()
      await finishedOn(server, id)
      ids.unshift(id)
    }
    const list = async (query: string) => (await ask('GET', `/v1/jobs?${query}`)).json()
    const idsOf = async (query: string) => (await list(query)).jobs.map((job: { job_id: string }) => job.job_id)
    expect(await idsOf('status=completed&limit=2&offset=1')).toEqual(ids.slice(1))
    expect(await idsOf('status=cancelled')).toEqual([])
    expect(await idsOf('status=pending')).toEqual([])
    expect((await list('status=completed')).jobs[0]).toMatchObject({ status: 'completed' })
    for (const query of ['offset=-1', 'offset=0.5', 'offset=1e9', 'limit=201', 'limit=0'])
      expect((await list(`status=completed&${query}`)).code, query).toBe('request_invalid')
    expect((await list('status=completed&color=red')).code).toBe('request_invalid')
  })
})

it('holds so many completes of one user, and answers the others with the state as it is', async () => {
  await server.stop()
  let checked: () => void = () => undefined
  const held = new Promise<void>((resolve) => (checked = resolve))
  const hasher = {
    reached: () => undefined,
    digest: () => held.then(() => SHA256),
    forget: () => undefined,
    close: async () => undefined,
  }
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), hasher })
  const upload = await begin()
  for (let index = 0; index < upload.total_parts; index++) await sendForm(upload.upload_id, index, part(index))
  const complete = () => ask('POST', `/v1/uploads/${upload.upload_id}/complete`, { checksum: SHA256 })
  const all = Array.from({ length: 6 }, async () => (await complete()).statusCode)
  expect(await Promise.all([Promise.race(all), Promise.any(all.slice(1))])).toEqual([202, 202])
  checked()
  expect((await Promise.all(all)).sort()).toEqual([200, 200, 200, 200, 202, 202])
  // Those that were held have left their places.
  expect((await complete()).statusCode).toBe(200)
})

describe('addresses of the original', () => {
  it('show the devices at /v1/gpu/status', async () => {
    const { gpus } = (await ask('GET', '/v1/gpu/status')).json()
    expect(gpus).toEqual([{ device_id: 'cpu', name: 'cpu', memory_total: null, memory_used: null, utilization: null }])
  })

  it('need a token as all others do', async () => {
    for (const url of ['/v1/gpu/status', '/v1/uploads/00000000-0000-7000-8000-000000000000/status'])
      expect((await server.app.inject({ url })).statusCode).toBe(401)
  })

  it("leave our own client's words as they are", async () => {
    const { file_id: fileId } = await uploaded()
    const reply = await ask('POST', '/v1/jobs', { volume_id: fileId, model: 'threshold' })
    expect(reply.json()).not.toHaveProperty('status')
    await finishedOn(server, reply.json().job_id)
  })
})
