import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { int16Bytes, memorySource, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { parseMrc } from '../formats/mrc/parse-mrc.ts'
import { RawVoxelSource } from '../formats/raw-voxel-source.ts'
import { ReorderedVolume } from './reordered-volume.ts'
import { openVolumeFile } from './volume-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-layout-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const COUNTING = Array.from({ length: 2 * 3 * 5 * 7 }, (_, i) => i)

async function nrrd(fields: string, name = 'a.nrrd', body = int16Bytes(COUNTING)): Promise<string> {
  const file = path.join(folder, name)
  const header = `NRRD0005\ntype: int16\nencoding: raw\nendian: little\n${fields}\n\n`
  await writeFile(file, Buffer.concat([Buffer.from(header), body]))
  return file
}

describe('interleaved NRRD', () => {
  it('gives the first value of every voxel', async () => {
    const source = await openVolumeFile(await nrrd('dimension: 4\nsizes: 2 7 5 3\nkinds: list domain domain domain'))
    try {
      expect(source.header).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 2 })
      const even = Array.from({ length: 105 }, (_, i) => 2 * i)
      expect([...(await source.readSlab(0, 3))]).toEqual(even)
      expect([...(await source.readBox([1, 2, 3], [2, 2, 3]))]).toEqual(
        [1, 2].flatMap((z) => [2, 3].flatMap((y) => [3, 4, 5].map((x) => even[(z * 5 + y) * 7 + x]))),
      )
    } finally {
      await source.close()
    }
  })

  it('takes a direction of NaN as none, wherever it stands', async () => {
    const first =
      'dimension: 4\nsizes: 2 7 5 3\nspace dimension: 3\nspace directions: (nan,nan,nan) (4,0,0) (0,5,0) (0,0,6)'
    const source = await openVolumeFile(await nrrd(first))
    expect(source.header).toMatchObject({ shapeZyx: [3, 5, 7], voxelSizeZyx: [6, 5, 4], numVolumes: 2 })
    await source.close()
  })
})

describe('data files of an NRRD header', () => {
  it('are read from a folder below the header and nowhere else', async () => {
    await mkdir(path.join(folder, 'data'))
    await writeFile(path.join(folder, 'data', 'a.raw'), int16Bytes(COUNTING.slice(0, 105)))
    const sizes = 'dimension: 3\nsizes: 7 5 3'
    for (const name of ['data/a.raw', `${folder}/data/a.raw`]) {
      const source = await openVolumeFile(await nrrd(`${sizes}\ndata file: ${name}`, 'a.nhdr', new Uint8Array(0)))
      expect([...(await source.readSlab(0, 3))]).toEqual(COUNTING.slice(0, 105))
      await source.close()
    }
    for (const name of ['../a.raw', '/etc/passwd', 'data/../../a.raw']) {
      const file = await nrrd(`${sizes}\ndata file: ${name}`, 'a.nhdr', new Uint8Array(0))
      await expect(openVolumeFile(file)).rejects.toMatchObject({ code: 'format_detached_data_missing' })
    }
  })
})

describe('MRC files whose columns run along z', () => {
  it.each([
    [3, 2, 1],
    [3, 1, 2],
  ])('give the same voxels by way of a copy in order (%i, %i, %i)', async (...mapcrs) => {
    const body = int16Bytes(COUNTING.slice(0, 105))
    const parsed = parseMrc('a.mrc', mrcBytes({ mapcrs, body }), 1024 + body.length, {})
    const direct = new RawVoxelSource(parsed, memorySource(mrcBytes({ mapcrs, body })))
    const [nz, ny, nx] = direct.header.shapeZyx
    const expected = [...(await direct.readSlab(0, nz))]
    const volume = new ReorderedVolume(direct, parsed, 'a.mrc', folder)
    // More than a small box, so that the copy is made; asked twice at once, made once.
    const big = new ReorderedVolume(
      new RawVoxelSource(parsed, memorySource(mrcBytes({ mapcrs, body }))),
      parsed,
      'a.mrc',
      folder,
      0,
    )
    const [once, again] = await Promise.all([big.readSlab(0, nz), big.readSlab(0, nz)])
    expect([...once]).toEqual(expected)
    expect([...again]).toEqual(expected)
    expect([...(await big.readBox([1, 1, 1], [nz - 1, ny - 1, nx - 1]))]).toEqual([
      ...(await volume.readBox([1, 1, 1], [nz - 1, ny - 1, nx - 1])),
    ])
    expect(await readdir(folder)).toHaveLength(1)
    await volume.close()
    await big.close()
    expect(await readdir(folder)).toHaveLength(0)
  })
})
