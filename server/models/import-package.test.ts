import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { DEFAULT_OPTIONS, newDataset, newPlans } from '../test/nnunet-plans.ts'
import { onnxFile } from '../test/onnx-file.ts'
import { type ImportRequest, importModel } from './import-package.ts'
import { loadModelPackage } from './load-package.ts'

const NETWORK = onnxFile({ opset: 17 })

let folder: string
let request: ImportRequest
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-import-'))
  const file = (name: string) => path.join(folder, name)
  const files = { onnx: file('net.onnx'), plans: file('plans.json'), dataset: file('dataset.json') }
  await writeFile(files.onnx, NETWORK)
  await writeFile(files.plans, JSON.stringify(newPlans()))
  await writeFile(files.dataset, JSON.stringify(newDataset()))
  request = { ...DEFAULT_OPTIONS, ...files, out: file('package'), isTried: false }
})
afterEach(() => rm(folder, { recursive: true }))

async function leftOver(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !['net.onnx', 'plans.json', 'dataset.json'].includes(name))
}

it('an import leaves a package of its own: the manifest and a copy of the network', async () => {
  const { notes, seconds } = await importModel(request)
  expect([notes, seconds]).toEqual([[], null])
  expect((await readdir(request.out)).sort()).toEqual(['model.json', 'model.onnx'])
  expect(new Uint8Array(await readFile(path.join(request.out, 'model.onnx')))).toEqual(NETWORK)
  expect((await loadModelPackage(request.out)).manifest.onnx).toEqual({
    file: 'model.onnx',
    bytes: NETWORK.length,
    sha256: createHash('sha256').update(NETWORK).digest('hex'),
    opset: 17,
  })
  expect(await leftOver()).toEqual(['package'])
})

it('a folder that exists is refused and left as it is, even an empty one', async () => {
  await mkdir(request.out)
  await expect(importModel(request)).rejects.toMatchObject({ code: 'usage' })
  expect(await readdir(request.out)).toEqual([])
})

it.each([
  ['refused by the check', () => new DomainError('model_invalid', { name: 'a', reason: 'no' }), 'model_invalid'],
  ['canceled while it is checked', () => new DomainError('canceled'), 'canceled'],
])('a package %s leaves nothing behind', async (_what, makeError, code) => {
  const check = () => Promise.reject(makeError())
  await expect(importModel(request, undefined, check)).rejects.toMatchObject({ code })
  expect(await leftOver()).toEqual([])
})

it('a canceled copy leaves nothing behind', async () => {
  const outcome = importModel(request, AbortSignal.abort())
  await expect(outcome).rejects.toMatchObject({ code: 'canceled' })
  expect(await leftOver()).toEqual([])
})

it.each([
  ['an absent network', { onnx: '/nowhere/net.onnx' }, 'file_not_found'],
  ['absent plans', { plans: '/nowhere/plans.json' }, 'file_not_found'],
  ['a folder for the dataset', { dataset: os.tmpdir() }, 'file_unreadable'],
  ['a place that is not there', { out: '/nowhere/package' }, 'file_unwritable'],
  ['a cascade', { configuration: '3d_cascade_fullres' }, 'model_feature_unsupported'],
])('%s is refused with its own code', async (_what, change, code) => {
  await expect(importModel({ ...request, ...change })).rejects.toMatchObject({ code })
  expect(await leftOver()).toEqual([])
})

it('files that are something else are named', async () => {
  const refusal = (change: Partial<ImportRequest>, text: string) =>
    expect(importModel({ ...request, ...change })).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining(text),
    })
  await refusal({ plans: request.onnx }, 'net.onnx is not JSON')
  await refusal({ onnx: request.plans }, 'plans.json is not an ONNX file')
  await refusal({ plans: request.dataset }, 'configurations')
})
