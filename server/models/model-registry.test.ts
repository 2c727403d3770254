import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { honestNetwork } from '../test/hostile-networks.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { loadModelPackage } from './load-package.ts'
import { ModelRegistry } from './model-registry.ts'

const NETWORK = honestNetwork()
const ONNX = {
  file: 'model.onnx',
  bytes: NETWORK.length,
  sha256: createHash('sha256').update(NETWORK).digest('hex'),
  opset: 16,
}

const PLAIN = { use_nonzero_mask: false, invert_contrast: false }
const CT = { scheme: 'ct', mean: 0, std: 1 }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-models-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function makePackage(change: object = {}, name = 'model'): Promise<string> {
  const at = path.join(folder, name)
  await mkdir(at, { recursive: true })
  await writeFile(path.join(at, 'model.onnx'), NETWORK)
  await writeFile(path.join(at, 'model.json'), JSON.stringify({ ...thresholdManifest({ onnx: ONNX }), ...change }))
  return at
}

describe('a model package', () => {
  it('is read when it satisfies its own contract', async () => {
    const { manifest } = await loadModelPackage(await makePackage())
    expect(manifest.id).toBe('threshold')
  })

  it('has the SHA-256 of its model.json, byte by byte', async () => {
    const at = await makePackage()
    const text = await readFile(path.join(at, 'model.json'), 'utf8')
    await writeFile(path.join(at, 'model.json'), `${text}\n`)
    const { manifestSha256 } = await loadModelPackage(at)
    expect(manifestSha256).toBe(createHash('sha256').update(`${text}\n`).digest('hex'))
  })

  it.each([
    ['an unknown key', { surprise: 1 }, 'surprise'],
    ['a missing key', { labels: undefined }, 'labels'],
    [
      'an unknown scheme',
      { normalization: [{ channel: 'a', scheme: 'magic', use_nonzero_mask: false, invert_contrast: false }] },
      'normalization',
    ],
    ['another size', { onnx: { ...ONNX, bytes: 5 } }, '5 bytes'],
    ['another hash', { onnx: { ...ONNX, sha256: '0'.repeat(64) } }, 'SHA-256'],
    ['a file outside its folder', { onnx: { ...ONNX, file: '../model.onnx' } }, 'onnx/file'],
    ['fewer labels than channels', { output: { ...thresholdManifest().output, channels: 3 } }, 'labels'],
    [
      'two labels of one value',
      {
        labels: [
          { value: 0, name: 'a', color: '#000000' },
          { value: 0, name: 'b', color: '#000000' },
        ],
      },
      'same value',
    ],
    [
      'no background',
      {
        labels: [
          { value: 1, name: 'a', color: '#000000' },
          { value: 2, name: 'b', color: '#000000' },
        ],
      },
      'background',
    ],
    ['a patch that does not divide', { tiles: { ...thresholdManifest().tiles, patch_zyx: [6, 8, 8] } }, 'divisible'],
    [
      'percentiles in the wrong order',
      { normalization: [{ channel: 'a', ...PLAIN, scheme: 'percentile', low: 99, high: 1 }] },
      'percentiles of a',
    ],
    [
      'one value between its clips',
      { normalization: [{ channel: 'a', ...PLAIN, ...CT, percentile_00_5: 3, percentile_99_5: 3 }] },
      'clipped from 3 to 3',
    ],
    ['a patch of a keyboard slip', { tiles: { ...thresholdManifest().tiles, patch_zyx: [1024, 1024, 1032] } }, 'patch'],
    ['a Gaussian without end', { tiles: { ...thresholdManifest().tiles, sigma_scale: 1e9 } }, 'sigma_scale'],
    [
      'a resampling to no size',
      { spacing: { target_zyx: null, unit: 'angstrom', policy: 'resample' } },
      'needs target_zyx and unit',
    ],
    [
      'a resampling to a size without a unit',
      { spacing: { target_zyx: [10, 10, 10], unit: null, policy: 'resample' } },
      'needs target_zyx and unit',
    ],
    ['a size without a unit', { spacing: { target_zyx: [10, 10, 10], unit: null, policy: 'warn' } }, 'without a unit'],
    [
      'regions of background alone',
      { decode: { mode: 'regions', regions_order: [0, 0], threshold: null } },
      'nothing but background',
    ],
    ['a batch of a keyboard slip', { tiles: { ...thresholdManifest().tiles, batch: 1e9 } }, 'batch'],
    [
      'objects larger than numbers',
      { postprocess: { ...thresholdManifest().postprocess, smallest_object_voxels: 1e308 } },
      'smallest_object_voxels',
    ],
    ['keys for a terminal', { 'a\u001b[2J': 1 }, 'a\\u001b[2J'],
    ['more unknown keys than are listed', Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 1])), 'k0'],
    ['a key without end', { ['k'.repeat(500_000)]: 1 }, `${'k'.repeat(200)}…`],
    ['a step of nearly nothing', { tiles: { ...thresholdManifest().tiles, step: 1e-8 } }, 'step'],
  ])('with %s is refused, and the reason names it', async (_what, change, text) => {
    await expect(loadModelPackage(await makePackage(change))).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining(text),
    })
  })

  it('without JSON or without a manifest is refused', async () => {
    const at = await makePackage()
    await writeFile(path.join(at, 'model.json'), '{')
    await expect(loadModelPackage(at)).rejects.toMatchObject({ code: 'model_invalid' })
    await expect(loadModelPackage(folder)).rejects.toMatchObject({ code: 'model_invalid' })
  })

  it('is read where an editor put a mark of its encoding before model.json', async () => {
    const at = await makePackage()
    const text = await readFile(path.join(at, 'model.json'), 'utf8')
    await writeFile(path.join(at, 'model.json'), `\ufeff${text}`)
    expect((await loadModelPackage(at)).manifest.id).toBe('threshold')
    await writeFile(path.join(at, 'model.json'), Buffer.from(`\ufeff${text}`, 'utf16le'))
    await expect(loadModelPackage(at)).rejects.toMatchObject({ message: expect.stringContaining('UTF-8') })
  })

  it.runIf(process.platform !== 'win32').each(['model.json', 'model.onnx'])(
    'whose %s is no file is refused, and nothing waits for it',
    async (file) => {
      const at = await makePackage({ onnx: { ...ONNX, bytes: 4096 } })
      await rm(path.join(at, file))
      execFileSync('mkfifo', [path.join(at, file)])
      await expect(loadModelPackage(at)).rejects.toMatchObject({ code: 'model_invalid' })
      await rm(path.join(at, file))
      await symlink('/dev/zero', path.join(at, file))
      await expect(loadModelPackage(at)).rejects.toMatchObject({ code: 'model_invalid' })
      await rm(path.join(at, file))
      await mkdir(path.join(at, file))
      await expect(loadModelPackage(at)).rejects.toMatchObject({ code: 'model_invalid' })
    },
  )
})

it('a registry offers the good packages and tells of the refused ones', async () => {
  await makePackage({}, 'good')
  await makePackage({ id: 'other', surprise: 1 }, 'bad')
  await rm(path.join(await makePackage({ id: 'third' }, 'no-network'), 'model.onnx'))
  await mkdir(path.join(folder, 'no-network', 'model.onnx'))
  const refused: string[] = []
  const registry = await ModelRegistry.load([folder], (where) => refused.push(path.basename(where)))
  expect(registry.list().map((one) => one.manifest.id)).toEqual(['threshold'])
  expect(refused).toEqual(['bad', 'no-network'])
  expect(() => registry.get('other')).toThrow(expect.objectContaining({ code: 'model_not_found' }))
})

it('a registry follows links in the folders that it is given', async () => {
  const elsewhere = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-linked-'))
  await rename(await makePackage(), path.join(elsewhere, 'model'))
  await symlink(path.join(elsewhere, 'model'), path.join(folder, 'link'))
  const registry = await ModelRegistry.load([folder], () => undefined)
  expect(registry.list().map((one) => one.manifest.id)).toEqual(['threshold'])
  await rm(elsewhere, { recursive: true })
})

describe('versions of a model', () => {
  const newest = ['2.0.0-rc.1', '1.10.0', '1.9.0']

  it('stand side by side, newest first; a bare id is the newest, id@version exactly one', async () => {
    for (const version of ['1.9.0', '2.0.0-rc.1', '1.10.0']) await makePackage({ version }, version)
    const registry = await ModelRegistry.load([folder], () => undefined)
    expect(registry.list().map((one) => one.manifest.version)).toEqual(newest)
    expect(registry.get('threshold').manifest.version).toBe('2.0.0-rc.1')
    expect(registry.get('threshold@1.9.0').manifest.version).toBe('1.9.0')
    for (const name of ['threshold@1.9', 'threshold@', '@1.9.0', 'other@1.9.0'])
      expect(() => registry.get(name)).toThrow(
        expect.objectContaining({ code: 'model_not_found', message: expect.stringContaining(name) }),
      )
  })

  it('are found where they were installed, and never take the place of those of a model folder', async () => {
    await makePackage({ description: 'first' }, 'models/a')
    await makePackage({ description: 'second' }, 'models/b')
    await makePackage({ description: 'installed' }, 'installed/threshold/1.0.0')
    await makePackage({ version: '1.1.0' }, 'installed/threshold/1.1.0')
    await makePackage({ version: '9.0.0' }, 'installed/.incoming/1/package')
    const refused: string[] = []
    const registry = await ModelRegistry.load(
      [path.join(folder, 'models')],
      (where, { code }) => refused.push(`${path.relative(folder, where)} ${code}`),
      path.join(folder, 'installed'),
    )
    expect(registry.list().map((one) => one.manifest.version)).toEqual(['1.1.0', '1.0.0'])
    expect(registry.get('threshold@1.0.0').manifest.description).toBe('second')
    expect(registry.list().map((one) => registry.isInstalled(one))).toEqual([true, false])
    expect(refused).toEqual(['installed/threshold/1.0.0 model_exists'])
  })

  it('come and go while the server runs', async () => {
    const registry = await ModelRegistry.load([], () => undefined)
    const [old, young] = [await makePackage({}, 'old'), await makePackage({ version: '1.1.0' }, 'young')]
    registry.add(await loadModelPackage(young))
    registry.add(await loadModelPackage(old))
    expect(registry.get('threshold').manifest.version).toBe('1.1.0')
    expect(() => registry.add({ ...registry.get('threshold'), folder: old })).toThrow(
      expect.objectContaining({ code: 'model_exists' }),
    )
    registry.remove(registry.get('threshold'))
    expect(registry.get('threshold').manifest.version).toBe('1.0.0')
    registry.remove(registry.get('threshold'))
    expect(registry.list()).toEqual([])
  })
})
