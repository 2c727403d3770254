import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { identityOf, isStill } from './file-identity.ts'

let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-identity-'))
  file = path.join(folder, 'a.mrc')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// 128 kB: more than head and tail.
const N = [64, 64, 16] as [number, number, number]
const voxels = (changed: (index: number) => boolean = () => false) =>
  mrcBytes({
    n: N,
    body: Uint8Array.from({ length: 64 * 64 * 16 * 2 }, (_, i) => (changed(i) ? 9 : i % 7)),
  })
const later = (name: string) => utimesSync(name, new Date(), new Date(Date.now() + 60_000))

describe('a file', () => {
  it('is still the same after it was touched, and after it was copied to its place again', async () => {
    writeFileSync(file, voxels())
    const before = await identityOf(file)
    expect(await isStill(file, before)).toBe(true)
    later(file)
    expect(await isStill(file, before)).toBe(true)
    copyFileSync(file, `${file}.copy`)
    rmSync(file)
    copyFileSync(`${file}.copy`, file)
    expect(await isStill(file, before)).toBe(true)
  })

  it.each([
    ['at its head', (i: number) => i < 40],
    ['at its tail', (i: number) => i > 131_000],
    ['in a stretch of one plane', (i: number) => i > 40_000 && i < 49_000],
  ])('is another once voxels differ %s, with the same size', async (_name, changed) => {
    writeFileSync(file, voxels())
    const before = await identityOf(file)
    writeFileSync(file, voxels(changed))
    later(file)
    expect(await isStill(file, before)).toBe(false)
  })

  it('is another once its size differs, and none once it is gone', async () => {
    writeFileSync(file, voxels())
    const before = await identityOf(file)
    writeFileSync(file, Buffer.concat([voxels(), Buffer.alloc(1)]))
    expect(await isStill(file, before)).toBe(false)
    rmSync(file)
    await expect(isStill(file, before)).rejects.toMatchObject({ code: 'file_not_found' })
  })
})

describe('a header with its data in another file', () => {
  const header = 'NRRD0004\ntype: uint8\ndimension: 3\nsizes: 5 4 3\nencoding: raw\ndata file: voxels.raw\n\n'

  it('is another once the data are, whatever their name', async () => {
    const nhdr = path.join(folder, 'b.nhdr')
    writeFileSync(nhdr, header)
    writeFileSync(
      path.join(folder, 'voxels.raw'),
      Uint8Array.from({ length: 60 }, (_, i) => i),
    )
    const before = await identityOf(nhdr)
    expect(await isStill(nhdr, before)).toBe(true)
    writeFileSync(
      path.join(folder, 'voxels.raw'),
      Uint8Array.from({ length: 60 }, (_, i) => 60 - i),
    )
    expect(await isStill(nhdr, before)).toBe(false)
  })
})

describe('an OME-Zarr image', () => {
  const zarr = () => path.join(folder, 'c.ome.zarr')
  const write = (fill: number) => {
    mkdirSync(path.join(zarr(), '0'), { recursive: true })
    const put = (name: string, content: unknown) => writeFileSync(path.join(zarr(), name), JSON.stringify(content))
    put('.zgroup', { zarr_format: 2 })
    const axes = ['z', 'y', 'x'].map((name) => ({ name, type: 'space' }))
    const datasets = [{ path: '0', coordinateTransformations: [{ type: 'scale', scale: [1, 1, 1] }] }]
    put('.zattrs', { multiscales: [{ version: '0.4', axes, datasets }] })
    const array = { zarr_format: 2, dtype: '|u1', fill_value: 0, order: 'C', filters: null, compressor: null }
    put('0/.zarray', { ...array, shape: [3, 4, 5], chunks: [3, 4, 5], dimension_separator: '.' })
    writeFileSync(path.join(zarr(), '0/0.0.0'), new Uint8Array(60).fill(fill))
  }

  it('is the same after it was copied, and another once it was written anew', async () => {
    write(1)
    const before = await identityOf(path.join(zarr(), '.zattrs'))
    later(path.join(zarr(), '0/.zarray'))
    expect(await isStill(zarr(), before)).toBe(true)
    write(2)
    later(path.join(zarr(), '0/.zarray'))
    expect(await isStill(zarr(), before)).toBe(false)
  })
})
