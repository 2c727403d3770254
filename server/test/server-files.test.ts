import { createHash } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Volume } from '../../shared/contract/volumes.ts'
import { EXPECTED, finishedOn, SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
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

const FILE = makeMrc(VOXELS, SHAPE)
const OTHER = makeMrc(
  VOXELS.map((value) => -value),
  SHAPE,
)

let folder: string
let root: string
let server: TestServer
/** What happens before the network runs. */
let beforeTile: () => Promise<void> = async () => undefined

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-root-'))
  root = path.join(folder, 'data')
  await mkdir(root)
  beforeTile = async () => undefined
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork(() => beforeTile()).createSession),
    manifest: thresholdManifest(),
    change: { pathRoots: [root] },
  })
})
afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

async function register(file: string) {
  const payload = { path: file }
  return (await server.app.inject({ method: 'POST', url: '/v1/volumes/from-path', headers: AUTH, payload })).json()
}

const post = async (url: string, payload: object = {}) =>
  (await server.app.inject({ method: 'POST', url, headers: AUTH, payload })).json()
const run = (volume: Volume) => post('/v1/jobs', { volume_id: volume.volume_id, model: 'threshold' })

describe('a file on the server', () => {
  it('that was written over runs no more before it is registered again, and is another volume then', async () => {
    const file = path.join(root, 'tomogram.mrc')
    await writeFile(file, FILE)
    const first = await register(file)
    const job = await finishedOn(server, (await run(first)).job_id)
    expect(job.result?.labels[1]).toBe(EXPECTED.reduce((sum, value) => sum + value, 0))
    await writeFile(file, OTHER)
    expect(await run(first)).toMatchObject({ code: 'volume_changed', message: expect.stringContaining('tomogram.mrc') })
    const second = await register(file)
    expect(second.volume_id).not.toBe(first.volume_id)
    expect(second.sha256).toBe(createHash('sha256').update(OTHER).digest('hex'))
    expect((await finishedOn(server, (await run(second)).job_id)).state).toBe('completed')
  })

  it('that changes while a job reads it leaves no mask', async () => {
    const file = path.join(root, 'tomogram.mrc')
    await writeFile(file, FILE)
    beforeTile = () => writeFile(file, OTHER)
    const job = await finishedOn(server, (await run(await register(file))).job_id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'volume_changed' } })
    const { artifacts } = (await server.app.inject({ url: `/v1/jobs/${job.job_id}/artifacts`, headers: AUTH })).json()
    expect(artifacts).toEqual([])
    expect(await post(`/v1/jobs/${job.job_id}/retry`)).toMatchObject({ code: 'volume_changed' })
  })

  it('that becomes a link out of the allowed folder is not read', async () => {
    const [file, secret] = [path.join(root, 'tomogram.mrc'), path.join(folder, 'secret.mrc')]
    await writeFile(file, FILE)
    await writeFile(secret, FILE)
    await utimes(file, 1e9, 1e9)
    await utimes(secret, 1e9, 1e9)
    const volume = await register(file)
    await rm(file)
    await symlink(secret, file)
    expect(await run(volume)).toMatchObject({ code: 'volume_changed' })
    expect(await register(file)).toMatchObject({ code: 'path_not_allowed' })
  })

  it('that is not there is told of inside an allowed folder alone, and not through links that lead out', async () => {
    await mkdir(path.join(root, 'sub'))
    for (const name of ['mistyped.mrc', 'sub/mistyped.mrc', 'no-folder/a.mrc', 'out/../mistyped.mrc'])
      expect({ name, ...(await register(path.join(root, name))) }).toMatchObject({
        name,
        code: 'file_not_found',
        status: 404,
        message: expect.not.stringContaining(root),
      })
    await symlink(folder, path.join(root, 'out'))
    await symlink(path.join(folder, 'nowhere.mrc'), path.join(root, 'dangling.mrc'))
    await symlink(path.join(folder, 'nowhere'), path.join(root, 'dangling'))
    await writeFile(path.join(folder, 'there.mrc'), FILE)
    const outside = [path.join(folder, 'there.mrc'), path.join(folder, 'nowhere.mrc'), '/nowhere/a.mrc']
    const through = ['out/there.mrc', 'out/nowhere.mrc', 'out/nowhere/a.mrc', 'dangling.mrc', 'dangling/a.mrc']
    for (const file of [...outside, ...through.map((name) => path.join(root, name))])
      expect({ file, ...(await register(file)) }).toMatchObject({ file, code: 'path_not_allowed' })
  })

  it('that is moved or copied again is the same volume once it is registered', async () => {
    const [file, moved] = [path.join(root, 'tomogram.mrc'), path.join(root, 'moved.mrc')]
    await writeFile(file, FILE)
    const volume = await register(file)
    await rename(file, moved)
    expect(await run(volume)).toMatchObject({ code: 'volume_changed' })
    expect((await register(moved)).volume_id).toBe(volume.volume_id)
    expect((await finishedOn(server, (await run(volume)).job_id)).state).toBe('completed')
    await utimes(moved, 1e9, 1e9)
    expect((await register(moved)).volume_id).toBe(volume.volume_id)
    expect((await finishedOn(server, (await run(volume)).job_id)).state).toBe('completed')
  })

  it('that is gone is taken again by an upload', async () => {
    const file = path.join(root, 'tomogram.mrc')
    await writeFile(file, FILE)
    const referred = await register(file)
    await rm(file)
    const uploaded = await uploadAll(server, FILE)
    expect(uploaded.volume_id).not.toBe(referred.volume_id)
    await rm(path.join(server.dataFolder, 'volumes', uploaded.volume_id), { recursive: true })
    expect(await run(uploaded)).toMatchObject({ code: 'volume_changed' })
    const again = await uploadAll(server, FILE)
    expect((await finishedOn(server, (await run(again)).job_id)).state).toBe('completed')
  })
})

describe('a volume in several files on the server', () => {
  const HEADER = [
    'NRRD0004',
    'type: float',
    'dimension: 3',
    `sizes: ${[...SHAPE].reverse().join(' ')}`,
    'endian: little',
  ]
  const header = (data: string) => `${[...HEADER, 'encoding: raw', `data file: ${data}`].join('\n')}\n\n`
  const data = (voxels: ArrayLike<number>) => new Uint8Array(Float32Array.from(voxels).buffer)

  it('is known by all of them', async () => {
    for (const name of ['a', 'b']) await mkdir(path.join(root, name))
    for (const name of ['a', 'b']) await writeFile(path.join(root, name, 'cell.nhdr'), header('cell.raw'))
    await writeFile(path.join(root, 'a/cell.raw'), data(VOXELS))
    await writeFile(path.join(root, 'b/cell.raw'), data(VOXELS.map((value) => -value)))
    const [a, b] = [await register(path.join(root, 'a/cell.nhdr')), await register(path.join(root, 'b/cell.nhdr'))]
    expect(a.volume_id).not.toBe(b.volume_id)
    expect((await finishedOn(server, (await run(a)).job_id)).state).toBe('completed')
    await appendFile(path.join(root, 'a/cell.raw'), '\0')
    expect(await run(a)).toMatchObject({ code: 'volume_changed' })
  })

  it('is refused where one of them lies outside', async () => {
    await writeFile(path.join(folder, 'secret.raw'), data(VOXELS))
    await writeFile(path.join(root, 'cell.nhdr'), header('cell.raw'))
    await symlink(path.join(folder, 'secret.raw'), path.join(root, 'cell.raw'))
    expect(await register(path.join(root, 'cell.nhdr'))).toMatchObject({ code: 'path_not_allowed' })
  })

  it('tells nothing of what lies outside, whatever is said of it', async () => {
    await writeFile(path.join(folder, 'secret'), 'cm_the-token-of-somebody')
    const text = header('cell.raw').replace('encoding: raw', 'encoding: ascii')
    await writeFile(path.join(root, 'cell.nhdr'), text)
    await writeFile(path.join(root, 'short.nhdr'), header('cell.raw'))
    await symlink(path.join(folder, 'secret'), path.join(root, 'cell.raw'))
    const pair = new Uint8Array(348)
    new DataView(pair.buffer).setInt32(0, 348, true)
    pair.set([0x6e, 0x69, 0x31, 0], 344)
    await writeFile(path.join(root, 'pair.hdr'), pair)
    await symlink(path.join(folder, 'secret'), path.join(root, 'pair.img'))
    await symlink(path.join(folder, 'nowhere'), path.join(root, 'other.hdr'))
    await writeFile(path.join(root, 'other.img'), 'bytes')
    for (const name of ['cell.nhdr', 'short.nhdr', 'pair.hdr', 'other.img']) {
      const { code, message } = await register(path.join(root, name))
      expect({ name, code, message }).toMatchObject({ name, code: 'path_not_allowed' })
      expect(message).not.toContain('cm_')
    }
  })

  it('is refused as an upload of its header, which may name files of others', async () => {
    const other = await initUpload(server, new Uint8Array(24))
    await putPart(server, other.upload_id, 0, Buffer.from('the secrets of others 12'))
    const text = header(`${other.upload_id}.partial`).replace('encoding: raw', 'encoding: ascii')
    const upload = await initUpload(server, Buffer.from(text), { filename: 'cell.nhdr' })
    await putPart(server, upload.upload_id, 0, Buffer.from(text))
    await post(`/v1/uploads/${upload.upload_id}/complete`)
    const done = await until(async () => {
      const now = (await server.app.inject({ url: `/v1/uploads/${upload.upload_id}`, headers: AUTH })).json()
      return now.state === 'failed' && now
    })
    expect(done.error).toMatchObject({ code: 'format_detached_data_missing' })
    expect(done.error.message).not.toContain('secrets')
  })
})

it("the server's own folder is allowed to nobody, also where it lies below a folder that is", async () => {
  const own = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-own-'))
  await server.stop()
  server = await makeTestServer({
    launcher: inProcessLauncher(fakeThresholdNetwork().createSession),
    manifest: thresholdManifest(),
    folder: own,
    change: { pathRoots: [own] },
  })
  const volume = await uploadAll(server, FILE)
  const [name] = await readdir(path.join(server.dataFolder, 'volumes', volume.volume_id))
  const stored = path.join(server.dataFolder, 'volumes', volume.volume_id, name)
  await symlink(stored, path.join(own, 'link.mrc'))
  const absent = path.join(server.dataFolder, 'volumes', 'absent.mrc')
  for (const file of [stored, path.join(own, 'link.mrc'), absent, path.join(server.dataFolder, 'absent.mrc')])
    expect(await register(file)).toMatchObject({ code: 'path_not_allowed' })
  await writeFile(path.join(own, 'mine.mrc'), FILE)
  expect(await register(path.join(own, 'mine.mrc'))).toHaveProperty('volume_id')
})
