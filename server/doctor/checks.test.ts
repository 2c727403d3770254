import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { GpuFacts, GpuInventory } from '../devices/gpu-inventory.ts'
import { checkCudaLibraries, digestWith, judgeMissing } from './check-cuda-libraries.ts'
import { judgeProvider } from './check-provider.ts'
import { checkServer } from './check-server.ts'
import { checkDataFolder, checkGpus, checkNode, judgeFreeBytes } from './check-system.ts'
import { failed, formatFindings, ok, warning } from './finding.ts'
import { KNOWN_ARCHIVE } from './provider-origin.ts'
import { EXPECTED, largestDifference, NUM_SAMPLES, sampleOutput } from './reference-tile.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-doctor-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('Node', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['24.0.1', 'ok'],
    ['20.18.9', 'failed'],
    ['18.20.0', 'failed'],
  ])('%s is %s where 20.19 is needed', (version, state) => {
    expect(checkNode(version, '>=20.19').state).toBe(state)
  })
})

describe('the data folder', () => {
  it('may be missing as long as it can be made; nothing is left in it', async () => {
    expect((await checkDataFolder(path.join(folder, 'a/b'))).state).not.toBe('failed')
    expect(await readdir(folder)).toEqual([])
  })

  it('fails where it is a file', async () => {
    await writeFile(path.join(folder, 'file'), '')
    expect(await checkDataFolder(path.join(folder, 'file'))).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/ENOTDIR|ENOENT/),
    })
  })

  it('fails on a full disk and warns on one that is nearly full', () => {
    expect([5e8, 2e10, 1e12].map((bytes) => judgeFreeBytes('/d', bytes).state)).toEqual(['failed', 'warning', 'ok'])
    expect(judgeFreeBytes('/d', 2e10).message).toBe('/d, 20.0 GB free')
  })
})

describe('GPUs', () => {
  const card: GpuFacts = {
    index: 1,
    uuid: 'GPU-1',
    name: 'NVIDIA H200',
    memoryTotalBytes: 150e9,
    memoryUsedBytes: 1e9,
    utilisationPercent: null,
    driverVersion: '570.1',
    temperatureCelsius: 33,
  }

  it('are listed with what the driver tells', () => {
    expect(checkGpus({ state: 'found', gpus: [card] }, false)).toEqual([
      ok('NVIDIA GPU', 'cuda:1 NVIDIA H200, 1.0 of 150.0 GB used, 33 °C, driver 570.1'),
    ])
  })

  it('may be absent unless the settings ask for CUDA', () => {
    for (const none of [{ state: 'absent' }, { state: 'found', gpus: [] }] satisfies GpuInventory[]) {
      expect(checkGpus(none, false)).toMatchObject([{ state: 'ok' }])
      expect(checkGpus(none, true)).toMatchObject([{ state: 'failed' }])
    }
    const broken = { state: 'failed', reason: 'driver mismatch' } as const
    expect(checkGpus(broken, false)).toMatchObject([{ state: 'warning', message: 'driver mismatch' }])
    expect(checkGpus(broken, true)).toMatchObject([{ state: 'failed' }])
  })
})

describe('the CUDA provider', () => {
  const CUDA = 'libonnxruntime_providers_cuda.so'
  const check = (change: object = {}) =>
    checkCudaLibraries({
      folder,
      version: '1.29.0',
      find: () => '/lib/x',
      isWanted: true,
      hasGpu: true,
      pinned: [],
      ...change,
    })

  it('is asked for by name and folder when it is not there', async () => {
    expect(await check()).toMatchObject([{ state: 'failed', message: expect.stringContaining(folder) }])
    expect(await check({ isWanted: false })).toMatchObject([{ state: 'warning' }])
    expect(await check({ isWanted: false, hasGpu: false })).toMatchObject([{ state: 'ok' }])
    await writeFile(path.join(folder, CUDA), 'half of it')
    expect(await check({ isWanted: false, hasGpu: false })).toMatchObject([
      { state: 'warning', message: expect.stringMatching(/^libonnxruntime_providers_shared\.so not in/) },
    ])
  })

  it('is told by its SHA-256, and whether it names the version of onnxruntime', async () => {
    await writeFile(path.join(folder, 'libonnxruntime_providers_shared.so'), 'shared')
    await writeFile(path.join(folder, CUDA), 'code\x001.28.0\0code')
    const [, cuda, libraries] = await check()
    const hash = createHash('sha256').update('code\x001.28.0\0code').digest('hex')
    expect(cuda).toMatchObject({ state: 'warning', message: `${CUDA}, SHA-256 ${hash} does not name version 1.29.0` })
    expect(libraries).toMatchObject({ state: 'ok' })
    const both = ['shared', 'code\x001.28.0\0code'].map((text) => createHash('sha256').update(text).digest('hex'))
    expect((await check({ pinned: both })).map(({ state }) => state)).toEqual(['ok', 'warning', 'ok'])
    expect((await check({ pinned: both.slice(0, 1) })).map(({ state }) => state)).toEqual(['ok', 'failed', 'ok'])
    const missing = (await check({ find: () => null }))[2]
    expect(missing).toMatchObject({ state: 'failed', message: 'not found: libcudnn.so.9' })
  })

  it('is known where it was installed from the pinned archive, and fails once it was changed', async () => {
    const names = ['libonnxruntime_providers_shared.so', CUDA]
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
    const texts = ['shared', 'code\x001.29.0\0code']
    for (const [index, name] of names.entries()) await writeFile(path.join(folder, name), texts[index])
    const files = Object.fromEntries(names.map((name, index) => [name, hashOf(texts[index])]))
    const list = async (archive_sha256: string) =>
      writeFile(path.join(folder, 'cuda-provider.json'), JSON.stringify({ archive_sha256, files }))
    await list(KNOWN_ARCHIVE.sha256)
    for (const finding of (await check()).slice(0, 2))
      expect(finding).toMatchObject({ state: 'ok', message: expect.stringContaining(`(${KNOWN_ARCHIVE.name})`) })
    const changed = 'other\x001.29.0\0code'
    await writeFile(path.join(folder, CUDA), changed)
    expect((await check())[1]).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('was changed after it was installed'),
    })
    expect((await check({ pinned: [hashOf('shared'), hashOf(changed)] }))[1].state).toBe('ok')
    await list('0'.repeat(64))
    expect((await check())[1]).toMatchObject({ state: 'ok', message: expect.not.stringContaining('(') })
    await writeFile(path.join(folder, 'cuda-provider.json'), '{')
    expect((await check())[1].state).toBe('ok')
  })

  it('finds the version across the pieces in which a large file is read', async () => {
    const file = path.join(folder, 'large')
    const bytes = Buffer.alloc(4 * 1024 * 1024 + 100)
    bytes.write('\x001.29.0\0', 4 * 1024 * 1024 - 4, 'latin1')
    await writeFile(file, bytes)
    expect(await digestWith(file, '\x001.29.0\0')).toEqual({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      hasVersion: true,
    })
    expect((await digestWith(file, '\x001.30.0\0')).hasVersion).toBe(false)
  })

  it('names each missing library, and where the one of the driver comes from', () => {
    const missing = [
      { name: 'libcuda.so.1', neededBy: CUDA },
      { name: 'libz.so.1', neededBy: 'libcudnn.so.9' },
    ]
    expect(judgeMissing(missing, failed)).toMatchObject({
      message: 'not found: libcuda.so.1, libz.so.1 (for libcudnn.so.9)',
      hint: expect.stringContaining("libcuda.so.1 comes with NVIDIA's driver"),
    })
  })
})

describe('trying a provider', () => {
  const slot = (provider: string) => ({ deviceId: provider === 'cuda' ? 'cuda:0' : provider, provider, env: {} })
  const ran = (difference: number, warnings: string[] = []) => ({
    ok: true as const,
    difference,
    startMs: 900,
    tileMs: 12,
    warnings,
  })

  it('allows the CPU the last bits and a device its rounding, and no more', () => {
    expect(judgeProvider(slot('cpu'), ran(5e-6), true).state).toBe('ok')
    expect(judgeProvider(slot('cpu'), ran(0.01), true).state).toBe('failed')
    expect(judgeProvider(slot('cuda'), ran(0.01), true)).toMatchObject({ name: 'Run on cuda:0', state: 'ok' })
    for (const difference of [0.5, Number.POSITIVE_INFINITY, Number.NaN])
      expect(judgeProvider(slot('cuda'), ran(difference), false).state).toBe('failed')
    expect(judgeProvider(slot('cuda'), ran(0, ['Steps run on the CPU.']), true).state).toBe('warning')
  })

  it('fails with the reason where the settings ask for it, and warns otherwise', () => {
    const error = new DomainError('provider_unavailable', { provider: 'cuda', reason: 'no card' }).toEnvelope()
    expect(judgeProvider(slot('cuda'), { ok: false, error }, true)).toMatchObject({
      state: 'failed',
      message: error.message,
    })
    expect(judgeProvider(slot('cuda'), { ok: false, error }, false).state).toBe('warning')
  })

  it('compares outputs of voxels that differ in every coordinate', () => {
    const numVox = 32 * 48 * 64
    const indices = sampleOutput(
      Float32Array.from({ length: 2 * numVox }, (_, i) => i),
      2,
    )
    expect(indices).toHaveLength(2 * NUM_SAMPLES)
    expect(indices[1]).toBe(indices[0] + numVox)
    const voxels = indices.filter((_, k) => k % 2 === 0)
    for (const axis of [
      (v: number) => v % 64,
      (v: number) => Math.floor(v / 64) % 48,
      (v: number) => Math.floor(v / 3072),
    ])
      expect(new Set(voxels.map(axis)).size).toBe(NUM_SAMPLES)
    expect(largestDifference([1, 2], [1, 2.5])).toBe(0.5)
    expect(largestDifference([1], EXPECTED)).toBe(Number.POSITIVE_INFINITY)
    expect(largestDifference([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a server', () => {
  async function serve(answer: (url: string, token: string) => [number, unknown]) {
    const server = createServer((request, reply) => {
      const [status, body] = answer(request.url ?? '', request.headers.authorization ?? '')
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const close = () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    }
    return { url, close }
  }
  const ours = (url: string, token: string): [number, unknown] => {
    if (url === '/v1/healthz') return [200, { status: 'ok', version: '1.2.3' }]
    return token === 'Bearer right' ? [200, { devices: [{ name: 'NVIDIA H200' }] }] : [401, {}]
  }

  it('is in order when it answers and takes the token', async () => {
    const { url, close } = await serve(ours)
    expect(await checkServer(url, 'right')).toEqual(ok('Server', `${url} runs 1.2.3 on NVIDIA H200`))
    expect(await checkServer(url, 'wrong')).toMatchObject({ state: 'failed', message: expect.stringMatching(/token/) })
    expect(await checkServer(url, null)).toMatchObject({ state: 'warning' })
    await close()
  })

  it('fails when it is another program, or nobody', async () => {
    const { url, close } = await serve(() => [200, 'hello'])
    expect(await checkServer(url, null)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/not as a Cryo/),
    })
    await close()
    expect(await checkServer(url, null)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/ECONNREFUSED/),
    })
    await expect(checkServer('ftp://host', null)).rejects.toMatchObject({ code: 'usage' })
  })
})

it('findings are lines in columns, with what to do below', () => {
  expect(formatFindings([ok('Node', '24.1'), warning('Data folder', '/d', 'Free space.')])).toBe(
    'ok       Node         24.1\nwarning  Data folder  /d\n                      → Free space.',
  )
})

it('a folder that is not writable fails', async () => {
  if (process.getuid?.() === 0) return
  await mkdir(path.join(folder, 'locked'), { mode: 0o500 })
  expect((await checkDataFolder(path.join(folder, 'locked/data'))).state).toBe('failed')
})
