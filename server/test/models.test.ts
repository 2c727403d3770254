import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { honestNetwork } from './hostile-networks.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import { field, join, text } from './onnx-graph.ts'
import { packageFiles } from './package-folder.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer, until, uploadAll } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'
import { zipFile } from './zip-file.ts'

const SHAPE = [9, 10, 11] as const

let server: TestServer
afterEach(() => server.stop())

interface Start {
  onRun?: Parameters<typeof fakeThresholdNetwork>[0]
  change?: Parameters<typeof makeTestServer>[0]['change']
  tryModel?: Parameters<typeof makeTestServer>[0]['tryModel']
  folder?: string
}

/** A server with the model `threshold` 1.0.0 in a model folder. */
async function start({ onRun, change, tryModel = async () => undefined, folder }: Start = {}) {
  const launcher = inProcessLauncher(fakeThresholdNetwork(onRun).createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change, tryModel, folder })
}

/** A package of the threshold model with something of it changed. */
function packed(change: Partial<ModelManifest> = {}, network = honestNetwork()): Buffer {
  return zipFile(packageFiles(network, change))
}

const ANOTHER_NETWORK = join([honestNetwork(), field(6, text(1, 'another'))])

function post(payload: Buffer | Readable, headers: Record<string, string> = {}) {
  const all = { ...AUTH, 'content-type': 'application/zip', ...headers }
  return server.app.inject({ method: 'POST', url: '/v1/models', headers: all, payload })
}

const remove = (name: string) => server.app.inject({ method: 'DELETE', url: `/v1/models/${name}`, headers: AUTH })
const get = (url: string) => server.app.inject({ url, headers: AUTH })

async function offered(): Promise<string[]> {
  const { models } = (await get('/v1/models')).json() as { models: ModelSummary[] }
  return models.map(({ id, version }) => `${id}@${version}`)
}

/** What lies in the folder of installed models, to the last file. */
async function onDisk(): Promise<string[]> {
  const items = await readdir(path.join(server.dataFolder, 'models'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  )
  const files = items.filter((item) => !item.isDirectory())
  return files.map((item) => path.relative(server.dataFolder, path.join(item.parentPath, item.name))).sort()
}

describe('a model package that is sent', () => {
  it('is offered at once, beside the other versions, and by a server that is started again', async () => {
    await start()
    const reply = await post(packed({ version: '1.10.0' }))
    expect(reply.statusCode, reply.body).toBe(201)
    expect(reply.headers.location).toBe('/v1/models/threshold@1.10.0')
    expect(reply.json()).toMatchObject({ id: 'threshold', version: '1.10.0' })
    expect((await post(packed({ version: '1.9.0' }))).statusCode).toBe(201)
    const all = ['threshold@1.10.0', 'threshold@1.9.0', 'threshold@1.0.0']
    expect(await offered()).toEqual(all)
    expect((await get('/v1/models/threshold')).json().version).toBe('1.10.0')
    expect((await get('/v1/models/threshold@1.9.0')).json().version).toBe('1.9.0')
    expect((await get('/v1/models/threshold?version=1.0.0')).json().version).toBe('1.0.0')
    expect((await get('/v1/models/threshold@3')).json().code).toBe('model_not_found')
    expect(await onDisk()).toEqual(
      ['1.10.0', '1.9.0'].flatMap((version) =>
        ['model.json', 'model.onnx'].map((name) => `models/threshold/${version}/${name}`),
      ),
    )
    const folder = path.dirname(server.dataFolder)
    await server.close()
    await start({ folder })
    expect(await offered()).toEqual(all)
  })

  it('once more changes nothing; with another content and the same version it is refused', async () => {
    let trials = 0
    await start({ tryModel: async () => void trials++ })
    const first = packed({ version: '2.0.0' })
    expect((await post(first)).statusCode).toBe(201)
    const again = await post(first)
    expect([again.statusCode, again.json().version]).toEqual([200, '2.0.0'])
    for (const other of [
      packed({ version: '2.0.0' }, ANOTHER_NETWORK),
      packed({ version: '2.0.0', mirror_axes_allowed: [] }),
      packed({ version: '1.0.0' }, ANOTHER_NETWORK),
    ]) {
      const refused = await post(other)
      expect([refused.statusCode, refused.json().code]).toEqual([409, 'model_exists'])
    }
    expect(trials).toBe(1)
    expect(await offered()).toEqual(['threshold@2.0.0', 'threshold@1.0.0'])
    expect(await onDisk()).toHaveLength(2)
  })

  it('of a version that differs in upper case alone is refused: some disks would put it over the other', async () => {
    await start()
    expect((await post(packed({ version: '2.0.0-rc' }))).statusCode).toBe(201)
    const refused = await post(packed({ version: '2.0.0-RC' }))
    expect([refused.statusCode, refused.json().message]).toEqual([409, expect.stringContaining('2.0.0-rc')])
    expect(await offered()).toEqual(['threshold@2.0.0-rc', 'threshold@1.0.0'])
  })

  it('twice at the same time is installed once', async () => {
    await start({ tryModel: () => new Promise((resolve) => setTimeout(resolve, 50)) })
    const replies = await Promise.all([1, 2, 3].map(() => post(packed({ version: '2.0.0' }))))
    expect(replies.map((reply) => reply.statusCode).sort()).toEqual([200, 200, 201])
    expect(await onDisk()).toHaveLength(2)
  })

  const [manifest, network] = packageFiles()
  it.each([
    ['is no archive', Buffer.from('nothing'), 'model_archive_invalid', 'not a zip archive'],
    ['leads out of its folder', zipFile([manifest, { name: '../x' }]), 'model_archive_invalid', 'leads out'],
    ['lacks the network', zipFile([manifest]), 'model_invalid', 'is not a file of'],
    ['has an unknown key', packed({ surprise: 1 } as object), 'model_invalid', 'surprise'],
    [
      'has another hash',
      zipFile([manifest, { ...network, content: Buffer.from(honestNetwork()).fill(0, 0, 1) }]),
      'model_invalid',
      'SHA-256',
    ],
    ['is cut off inside the network', packed({}, honestNetwork().subarray(0, 99)), 'model_invalid', 'whole ONNX file'],
  ])('that %s is refused with the reason, and nothing of it stays', async (_what, archive, code, reason) => {
    await start({ tryModel: () => Promise.reject(new Error('must not come so far')) })
    const reply = await post(archive)
    expect(reply.statusCode).toBe(422)
    expect(reply.json()).toMatchObject({ code, message: expect.stringContaining(reason) })
    expect(await onDisk()).toEqual([])
    expect(await offered()).toEqual(['threshold@1.0.0'])
  })

  it('whose network fails its trial is refused, and nothing of it stays', async () => {
    const failure = new DomainError('model_invalid', { name: 'threshold', reason: 'it never ends' })
    let tried = ''
    await start({
      tryModel: async (folder) => {
        tried = folder
        throw failure
      },
    })
    const reply = await post(packed({ version: '2.0.0' }))
    expect(reply.json()).toMatchObject({ code: 'model_invalid', message: failure.message })
    expect(path.relative(server.dataFolder, tried)).toMatch(/^models\/\.incoming\/[^/]+\/package$/)
    expect(await onDisk()).toEqual([])
  })

  it('is too large by announcement or by what comes: it is refused', async () => {
    await start({ change: { maxModelBytes: 1000 } })
    const archive = packed({ version: '2.0.0' })
    expect(archive.length).toBeGreaterThan(1000)
    for (const payload of [archive, Readable.from([archive.subarray(0, 600), archive.subarray(600)])]) {
      const reply = await post(payload)
      expect([reply.statusCode, reply.json().code]).toEqual([413, 'payload_too_large'])
    }
    expect(await onDisk()).toEqual([])
  })

  it('unpacks to more than the limit: it is refused', async () => {
    await start({ change: { maxModelBytes: 10_000 } })
    const reply = await post(zipFile([...packageFiles(), { name: 'README.md', content: 'a'.repeat(20_000) }]))
    expect(reply.json()).toMatchObject({
      code: 'model_archive_invalid',
      message: expect.stringContaining('10000 bytes'),
    })
  })

  it('needs the token and the media type of zip', async () => {
    await start()
    expect((await post(packed(), { authorization: 'Bearer wrong' })).statusCode).toBe(401)
    for (const type of ['application/json', 'application/octet-stream'])
      expect((await post(Buffer.from('{}'), { 'content-type': type })).json().code).toBe('media_type_unsupported')
  })

  it('is given up when the server stops, and what a former server left is removed', async () => {
    let isTried = false
    await start({
      tryModel: (_folder, signal) =>
        new Promise((_, reject) => {
          isTried = true
          signal.addEventListener('abort', () => reject(new DomainError('canceled')))
        }),
    })
    // Injected requests start when someone waits for them.
    const reply = post(packed({ version: '2.0.0' })).then((answer) => answer.json())
    await until(async () => isTried)
    expect(await onDisk()).toHaveLength(2)
    const folder = path.dirname(server.dataFolder)
    await server.close()
    expect((await reply).code).toBe('canceled')
    expect(await onDisk()).toEqual([])
    const left = path.join(server.dataFolder, 'models/.incoming/1')
    await mkdir(left, { recursive: true })
    await writeFile(path.join(left, 'package.zip'), 'left over')
    await start({ folder })
    expect(await onDisk()).toEqual([])
  })
})

describe('a model that is deleted', () => {
  it('is gone from the list and the disk; the other versions stay', async () => {
    await start()
    for (const version of ['2.0.0', '2.1.0']) await post(packed({ version }))
    const unclear = await remove('threshold')
    expect(unclear.json()).toMatchObject({ code: 'request_invalid', message: expect.stringContaining('2.1.0, 2.0.0') })
    expect((await remove('threshold?version=2.1.0')).statusCode).toBe(204)
    expect(await offered()).toEqual(['threshold@2.0.0', 'threshold@1.0.0'])
    expect((await remove('threshold@2.0.0')).statusCode).toBe(204)
    expect(await onDisk()).toEqual([])
    expect((await remove('threshold@2.0.0')).json().code).toBe('model_not_found')
    expect((await post(packed({ version: '2.0.0' }, ANOTHER_NETWORK))).statusCode).toBe(201)
    expect((await remove('threshold')).statusCode).toBe(204)
    expect(await readdir(path.join(server.dataFolder, 'models'))).toEqual(['.incoming'])
  })

  it('must have been uploaded', async () => {
    await start()
    const reply = await remove('threshold')
    expect([reply.statusCode, reply.json().code]).toEqual([409, 'model_not_removable'])
    expect((await remove('other')).json().code).toBe('model_not_found')
    expect(await offered()).toEqual(['threshold@1.0.0'])
  })
})

describe('a job', () => {
  const create = async (model: string) => {
    const volume = await uploadAll(server, makeMrc(makeVoxels(SHAPE), SHAPE))
    const payload = { volume_id: volume.volume_id, model, preview: { enabled: false } }
    return server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
  }
  const jobNow = async (id: string): Promise<Job> => (await get(`/v1/jobs/${id}`)).json()
  const finished = (id: string) =>
    until(async () => {
      const job = await jobNow(id)
      return ['completed', 'failed', 'canceled'].includes(job.state) ? job : null
    })

  it('runs the newest version unless it names one, and says which, with its hash', async () => {
    await start()
    const { sha256 } = (await post(packed({ version: '2.0.0' }, ANOTHER_NETWORK))).json() as ModelSummary
    const newest = await finished((await create('threshold')).json().job_id)
    expect(newest).toMatchObject({
      model: 'threshold',
      model_version: '2.0.0',
      model_sha256: sha256,
      state: 'completed',
    })
    const named = await finished((await create('threshold@1.0.0')).json().job_id)
    expect(named).toMatchObject({ model: 'threshold', model_version: '1.0.0', state: 'completed' })
    expect(named.model_sha256).not.toBe(sha256)
    const { artifacts } = (await get(`/v1/jobs/${newest.job_id}/artifacts`)).json()
    const provenance = artifacts.find(({ name }: { name: string }) => name === 'provenance.json')
    const { model } = (await server.app.inject({ url: provenance.url })).json()
    const installed = await readFile(path.join(server.dataFolder, 'models/threshold/2.0.0/model.json'))
    const manifest_sha256 = createHash('sha256').update(installed).digest('hex')
    expect(model).toMatchObject({ id: 'threshold', version: '2.0.0', onnx_sha256: sha256, manifest_sha256 })
    expect((await create('threshold@3.0.0')).json().code).toBe('model_not_found')
  })

  it('keeps the version it was queued with when a newer one comes, and its model cannot go meanwhile', async () => {
    let goOn: () => void = () => undefined
    const blocked = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await start({ onRun: () => blocked })
    await post(packed({ version: '2.0.0' }))
    const running = (await create('threshold')).json() as Job
    const queued = (await create('threshold')).json() as Job
    await post(packed({ version: '3.0.0' }))
    const reply = await remove('threshold@2.0.0')
    expect(reply.json()).toMatchObject({ code: 'model_in_use', retryable: true })
    expect((await remove('threshold@3.0.0')).statusCode).toBe(204)
    goOn()
    for (const { job_id } of [running, queued])
      expect(await finished(job_id)).toMatchObject({ state: 'completed', model_version: '2.0.0' })
    expect((await remove('threshold@2.0.0')).statusCode).toBe(204)
  })

  it('whose model is gone cannot be tried again', async () => {
    await start({
      onRun: () => {
        throw new DomainError('output_not_finite')
      },
    })
    await post(packed({ version: '2.0.0' }))
    const { job_id } = await finished((await create('threshold')).json().job_id)
    await remove('threshold@2.0.0')
    const retry = await server.app.inject({ method: 'POST', url: `/v1/jobs/${job_id}/retry`, headers: AUTH })
    expect(retry.json()).toMatchObject({ code: 'model_not_found', message: expect.stringContaining('threshold@2.0.0') })
  })
})
