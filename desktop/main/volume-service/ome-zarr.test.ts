import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import { LevelCache } from './level-cache.ts'
import { omeZarrFolder, openOmeZarr } from './ome-zarr.ts'
import { Pyramid } from './pyramid.ts'

const SHAPE = [5, 6, 7] as const
const voxels = Int16Array.from({ length: 210 }, (_, i) => (i * 37) % 200)
const halves = Int16Array.from({ length: 36 }, (_, i) => i)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-zarr-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const put = (name: string, content: unknown) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), content instanceof Uint8Array ? content : JSON.stringify(content))
}
const bytesOf = (values: Int16Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
const scale = (size: number) => [{ type: 'scale', scale: [size, size, size] }]
const multiscale = {
  axes: ['z', 'y', 'x'].map((name) => ({ name, type: 'space', unit: 'angstrom' })),
  datasets: [
    { path: '0', coordinateTransformations: scale(10) },
    { path: '1', coordinateTransformations: scale(20) },
  ],
}

/** Version 0.4 on Zarr 2: raw and gzip chunks, one chunk an array. */
function writeV2(): void {
  const array = { dtype: '<i2', fill_value: 0, order: 'C', filters: null, dimension_separator: '/', zarr_format: 2 }
  put('.zgroup', { zarr_format: 2 })
  put('.zattrs', { multiscales: [{ version: '0.4', ...multiscale }] })
  put('0/.zarray', { ...array, shape: SHAPE, chunks: SHAPE, compressor: null })
  put('0/0/0/0', bytesOf(voxels))
  put('1/.zarray', { ...array, shape: [3, 3, 4], chunks: [3, 3, 4], compressor: { id: 'gzip', level: 5 } })
  put('1/0/0/0', gzipSync(bytesOf(halves)))
}

/** Version 0.5 on Zarr 3, chunks smaller than the array. */
function writeV3(): void {
  const array = (shape: readonly number[], chunk: readonly number[]) => ({
    zarr_format: 3,
    node_type: 'array',
    shape,
    data_type: 'int16',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunk } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: 0,
    codecs: [
      { name: 'bytes', configuration: { endian: 'little' } },
      { name: 'gzip', configuration: { level: 1 } },
    ],
    attributes: {},
  })
  put('zarr.json', {
    zarr_format: 3,
    node_type: 'group',
    attributes: { ome: { version: '0.5', multiscales: [multiscale] } },
  })
  put('0/zarr.json', array(SHAPE, [5, 6, 4]))
  for (const chunk of [0, 1]) {
    const values = new Int16Array(120)
    for (let zy = 0; zy < 30; zy++)
      for (let x = 0; x < 4; x++) if (chunk * 4 + x < 7) values[zy * 4 + x] = voxels[zy * 7 + chunk * 4 + x]
    put(`0/c/0/0/${chunk}`, gzipSync(bytesOf(values)))
  }
  put('1/zarr.json', array([3, 3, 4], [3, 3, 4]))
  put('1/c/0/0/0', gzipSync(bytesOf(halves)))
}

describe('openOmeZarr', () => {
  for (const [version, write] of [
    ['0.4', writeV2],
    ['0.5', writeV3],
  ] as const)
    it(`reads version ${version} and its levels`, async () => {
      write()
      const { source, levels } = await openOmeZarr(folder)
      expect(source.header).toMatchObject({
        shapeZyx: SHAPE,
        dtype: 'int16',
        voxelSizeZyx: [10, 10, 10],
        unit: 'angstrom',
      })
      expect(await source.readSlab(0, 5)).toEqual(voxels)
      expect([...(await source.readBox([1, 2, 3], [2, 1, 2]))].map(Number)).toEqual(
        [1, 2].flatMap((z) => [3, 4].map((x) => voxels[(z * 6 + 2) * 7 + x])),
      )
      expect(levels.map(({ bin }) => bin)).toEqual([1, 2])
      const cache = new LevelCache(path.join(folder, 'levels'), 1e9)
      const pyramid = new Pyramid(source, cache, 'key', levels)
      const level = await pyramid.finest({ maxVoxels: 100, maxAxis: 2048 })
      expect([level?.bin, level?.shapeZyx]).toEqual([2, [3, 3, 4]])
      expect(level && level.voxels[35] > level.voxels[0]).toBe(true)
      await pyramid.close()
    })

  it('knows the folder, and files that lead to it', async () => {
    writeV2()
    expect(await omeZarrFolder(folder)).toBe(folder)
    expect(await omeZarrFolder(path.join(folder, '.zattrs'))).toBe(folder)
    expect(await omeZarrFolder(path.join(folder, '0'))).toBeNull()
    expect(await omeZarrFolder(path.join(folder, 'other.mrc'))).toBeNull()
  })

  it('says what it cannot read', async () => {
    writeV2()
    put('.zattrs', { multiscales: [] })
    await expect(openOmeZarr(folder)).rejects.toMatchObject({ code: 'format_header_invalid' })
    put('.zattrs', { multiscales: [{ ...multiscale, axes: [{ name: 'y' }, { name: 'x' }] }] })
    await expect(openOmeZarr(folder)).rejects.toMatchObject({ code: 'format_unsupported' })
    put('.zattrs', { multiscales: [multiscale] })
    put('0/.zarray', {
      zarr_format: 2,
      shape: SHAPE,
      chunks: SHAPE,
      dtype: '|b1',
      compressor: null,
      fill_value: 0,
      filters: null,
      order: 'C',
    })
    await expect(openOmeZarr(folder)).rejects.toMatchObject({ code: 'format_unsupported' })
    put('0/.zarray', {
      zarr_format: 2,
      shape: SHAPE,
      chunks: SHAPE,
      dtype: '<i2',
      compressor: { id: 'unheard-of' },
      dimension_separator: '/',
      fill_value: 0,
      filters: null,
      order: 'C',
    })
    const reading = openOmeZarr(folder).then(({ source }) => source.readSlab(0, 5))
    await expect(reading).rejects.toMatchObject({ name: 'DomainError' })
  })

  it.skipIf(!hasSharedData)('reads blosc chunks of an image whose axes run x, y, z', async () => {
    const { source } = await openOmeZarr(path.join(SHARED_DATA, 'formats/zarr/mni152_axial.ome.zarr'))
    expect(source.header.shapeZyx).toEqual([1, 256, 207])
    // The reference gives position 103, 128, 0 along the stored axes.
    const [value] = await source.readBox([0, 128, 103], [1, 1, 1])
    expect(value).toBeCloseTo(48.999114632606506, 10)
  })
})
