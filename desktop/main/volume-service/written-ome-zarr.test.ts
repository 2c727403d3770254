import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { openVolumeFile } from '../../../shared/node/volume-file.ts'
import { writeOmeZarr } from '../../../shared/node/write-ome-zarr.ts'
import { convertCommand } from '../../cli/commands/convert.ts'
import { problemOfCommand, runCommand } from '../../test/run-command.ts'
import { openOmeZarr } from './ome-zarr.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-written-zarr-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let counter = 0
const fresh = (ending = '.ome.zarr') => path.join(folder, `${++counter}${ending}`)

// x, y, z: one is longer than a level, none is a multiple of a chunk.
const [NX, NY, NZ] = [300, 70, 5]
const labelAt = (x: number, y: number, z: number) => (x >= 90 && x < 280 && y > 20 && z > 0 ? 3 : x === 299 ? 700 : 0)
const VALUES = Array.from({ length: NX * NY * NZ }, (_, i) =>
  labelAt(i % NX, Math.floor(i / NX) % NY, Math.floor(i / (NX * NY))),
)

function mask(words: MrcWords = {}): string {
  const file = fresh('.mrc')
  const cell: [number, number, number] = [NX * 10, NY * 20, NZ * 30]
  writeFileSync(file, mrcBytes({ n: [NX, NY, NZ], cell, origin: [100, 200, 300], body: int16Bytes(VALUES), ...words }))
  return file
}

const json = (...parts: string[]) => JSON.parse(readFileSync(path.join(...parts), 'utf8'))

describe('a written OME-Zarr image', () => {
  it('is read back voxel for voxel, at its place in the world, by the reader of the viewer', async () => {
    const out = fresh()
    await runCommand(convertCommand, [mask(), out, '--labels', '--dtype', 'uint16'])
    const { source, levels } = await openOmeZarr(out)
    expect(source.header).toMatchObject({
      shapeZyx: [NZ, NY, NX],
      dtype: 'uint16',
      unit: 'angstrom',
      voxelSizeZyx: [30, 20, 10],
    })
    expect([3, 7, 11].map((at) => source.header.affine[at])).toEqual([100, 200, 300])
    expect(Array.from(await source.readSlab(0, NZ), Number)).toEqual(VALUES)
    expect(levels.map(({ bin }) => bin)).toEqual([1, 2])
    const half = await levels[1].source.readSlab(0, 3)
    expect(half).toHaveLength(3 * 35 * 150)
    for (const [z, y, x] of [
      [0, 0, 0],
      [1, 11, 45],
      [2, 34, 149],
      [1, 20, 139],
    ])
      expect(half[(z * 35 + y) * 150 + x]).toBe(labelAt(2 * x, 2 * y, 2 * z))
  })

  it('says what its labels are and what it was made of', async () => {
    const out = fresh()
    const source = await openVolumeFile(mask())
    const labels = [{ value: 3, name: 'membrane <1>', color: '#ff8000' }]
    const { shapeZyx, dtype } = source.header
    await writeOmeZarr(out, { name: 'mask', shapeZyx, dtype, kind: 'labels', source: source.header, labels }, source)
    await source.close()
    expect(json(out, '.zattrs')['image-label']).toEqual({
      version: '0.4',
      colors: [
        { 'label-value': 3, rgba: [255, 128, 0, 255] },
        { 'label-value': 700, rgba: [expect.any(Number), expect.any(Number), expect.any(Number), 255] },
      ],
      properties: [
        { 'label-value': 3, name: 'membrane <1>' },
        { 'label-value': 700, name: 'label 700' },
      ],
    })
    expect(json(out, '.zattrs').multiscales[0]).toMatchObject({
      version: '0.4',
      axes: ['z', 'y', 'x'].map((name) => ({ name, type: 'space', unit: 'angstrom' })),
    })
    const converted = fresh()
    await runCommand(convertCommand, [mask(), converted])
    expect(json(`${converted}.provenance.json`)).toMatchObject({ input: { format: 'mrc' }, kind: 'scalar' })
    expect(json(converted, '.zattrs')).not.toHaveProperty('image-label')
  })

  it('leaves out chunks of an empty mask, which reads as zeros', async () => {
    const out = fresh()
    await runCommand(convertCommand, [mask({ body: int16Bytes(VALUES.map(() => 0)) }), out, '--labels'])
    expect(readdirSync(path.join(out, '0'))).toEqual(['.zarray'])
    expect(json(out, '.zattrs')['image-label'].colors).toEqual([])
    const { source } = await openOmeZarr(out)
    expect((await source.readSlab(0, NZ)).every((value) => Number(value) === 0)).toBe(true)
  })

  it('gives no unit where the size is unknown', async () => {
    const out = fresh()
    await runCommand(convertCommand, [mask({ cell: [0, 0, 0] }), out, '--labels'])
    const [image] = json(out, '.zattrs').multiscales
    expect(image.axes[0]).toEqual({ name: 'z', type: 'space' })
    expect(image.datasets[0].coordinateTransformations).toEqual([{ type: 'scale', scale: [1, 1, 1] }])
    expect(json(`${out}.provenance.json`).warnings[0].code).toBe('voxel_size_unknown_written')
  })

  it('never replaces a folder, and leaves nothing of what failed', async () => {
    const out = fresh()
    mkdirSync(out)
    writeFileSync(path.join(out, 'thesis.txt'), 'mine')
    expect(await problemOfCommand(convertCommand, [mask(), out])).toMatch(/^file_unwritable: .*exists already/)
    expect(readdirSync(out)).toEqual(['thesis.txt'])
    const lost = path.join(folder, 'nowhere', 'a.ome.zarr')
    expect(await problemOfCommand(convertCommand, [mask(), lost])).toMatch(/^file_unwritable/)
    const canceled = fresh()
    const source = await openVolumeFile(mask())
    const { shapeZyx, dtype } = source.header
    const volume = { name: 'mask', shapeZyx, dtype, kind: 'labels' as const, source: source.header }
    await expect(writeOmeZarr(canceled, volume, source, AbortSignal.abort())).rejects.toMatchObject({
      code: 'canceled',
    })
    await source.close()
    expect([canceled, `${canceled}.partial`].map((file) => existsSync(file))).toEqual([false, false])
    expect(await problemOfCommand(convertCommand, [mask(), fresh(), '--labels', '--dtype', 'float32'])).toMatch(
      /^dtype_not_supported/,
    )
  })
})
