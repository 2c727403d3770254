import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import type { DType, VoxelArray } from '../../shared/volume/dtype.ts'
import { convertCommand } from '../cli/commands/convert.ts'
import { runCommand } from '../test/run-command.ts'
import { MrcStream } from './mrc-stream.ts'
import { openRunUpload } from './run-upload.ts'
import { openOmeZarr } from './volume-service/ome-zarr.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-mrc-stream-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const [NX, NY, NZ] = [70, 33, 11]
const VALUES = Array.from({ length: NX * NY * NZ }, (_, i) => (i * 7) % 251)

async function zarrOf(dtype: DType): Promise<string> {
  const file = path.join(folder, 'a.mrc')
  const cell: [number, number, number] = [NX * 10, NY * 20, NZ * 30]
  const words = {
    n: [NX, NY, NZ] as [number, number, number],
    cell,
    origin: [100, 200, 300] as [number, number, number],
  }
  writeFileSync(file, mrcBytes({ ...words, body: int16Bytes(VALUES) }))
  const out = path.join(folder, 'image.ome.zarr')
  await runCommand(convertCommand, [file, out, '--dtype', dtype])
  return out
}

describe('an OME-Zarr image that is sent', () => {
  it.each([
    ['int16', 'int16'],
    ['uint8', 'uint16'],
    ['uint16', 'uint16'],
    ['float32', 'float32'],
  ] as const)('with %s voxels is an MRC file of %s with its values, voxel size and origin', async (dtype, stored) => {
    const { source } = await openRunUpload(await zarrOf(dtype), null)
    expect(source.name).toBe('image.mrc')
    const bytes = await source.read(0, source.sizeBytes)
    const file = path.join(folder, 'sent.mrc')
    writeFileSync(file, bytes)
    const sent = await openVolumeFile(file)
    expect(sent.header).toMatchObject({
      shapeZyx: [NZ, NY, NX],
      dtype: stored,
      voxelSizeZyx: [30, 20, 10],
      unit: 'angstrom',
    })
    expect([3, 7, 11].map((at) => sent.header.affine[at])).toEqual([100, 200, 300])
    expect(sent.header.warnings).toEqual([])
    expect(Array.from((await sent.readSlab(0, NZ)) as Exclude<VoxelArray, BigInt64Array | BigUint64Array>)).toEqual(
      VALUES,
    )
    await sent.close()
    await source.close()
  })

  it('gives the same bytes in any pieces and any order, and none beyond its end', async () => {
    const zarr = await zarrOf('int16')
    const { source: once } = await openRunUpload(path.join(zarr, '.zattrs'), null)
    const whole = await once.read(0, once.sizeBytes)
    // Bands of three planes, of which the last has two.
    const source = new MrcStream((await openOmeZarr(zarr)).source, 'image.mrc', 3 * NX * NY * 2 + 1)
    for (const [from, length] of [
      [source.sizeBytes - 5, 5],
      [1000, 100],
      [1023, 2],
      [5001, 4097],
      [0, 3],
      [0, source.sizeBytes],
    ])
      expect(await source.read(from, length)).toEqual(whole.subarray(from, from + length))
    await expect(source.read(source.sizeBytes - 1, 2)).rejects.toMatchObject({ code: 'format_truncated' })
    await source.close()
  })

  it('is told to have changed when its metadata was written anew', async () => {
    const zarr = await zarrOf('int16')
    const { source, isUnchanged } = await openRunUpload(zarr, null)
    expect(await isUnchanged()).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 20))
    writeFileSync(path.join(zarr, '.zattrs'), '{}')
    expect(await isUnchanged()).toBe(false)
    await source.close()
  })
})
