import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { parseHead } from '../../shared/formats/open-volume.ts'
import { writeVolumeFile } from '../../shared/node/volume-file.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { LabelFile } from './label-file.ts'
import { readBack } from './read-back.ts'

/** More voxels than are compared at once. */
const SHAPE: Zyx = [31, 211, 173]
const FORMATS = ['mrc', 'nii.gz', 'nrrd'] as const

let folder: string
let labels: LabelFile
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-read-back-'))
})
afterEach(async () => {
  await labels.close()
  await rm(folder, { recursive: true, force: true })
})

async function makeLabels(dtype: 'uint8' | 'uint16', most: number): Promise<void> {
  labels = await LabelFile.create(path.join(folder, 'labels.raw'), SHAPE, dtype)
  const plane = dtype === 'uint8' ? new Uint8Array(SHAPE[1] * SHAPE[2]) : new Uint16Array(SHAPE[1] * SHAPE[2])
  for (let z = 0; z < SHAPE[0]; z++)
    await labels.append(plane.map((_, i) => ((i * 31 + z * 7) % 11 === 0 ? most : (i + z) % 3)))
}

async function write(ending: string, mapcrs: [number, number, number] = [1, 2, 3]): Promise<string> {
  const { header } = parseHead('source.mrc', mrcBytes({ mapcrs }), null)
  const file = path.join(folder, `mask.${ending}`)
  await writeVolumeFile(file, { shapeZyx: SHAPE, dtype: labels.dtype, kind: 'labels', source: header }, labels)
  return file
}

/** Changes what a file holds: unpacked, and without the text before an NRRD's voxels. */
async function change(file: string, edit: (bytes: Buffer) => Uint8Array): Promise<void> {
  const bytes = await readFile(file)
  if (file.endsWith('.mrc')) return writeFile(file, edit(bytes))
  const packedFrom = file.endsWith('.nrrd') ? bytes.indexOf('\n\n') + 2 : 0
  const packed = gzipSync(edit(gunzipSync(bytes.subarray(packedFrom))))
  await writeFile(file, Buffer.concat([bytes.subarray(0, packedFrom), packed]))
}

describe.each(FORMATS)('a written .%s', (ending) => {
  it.each([
    ['uint8', 5],
    ['uint8', 127],
    ['uint8', 128],
    ['uint8', 255],
    ['uint16', 60_000],
  ] as const)('of %s up to %i is as its labels, and told with its own size and hash', async (dtype, most) => {
    await makeLabels(dtype, most)
    const file = await write(ending)
    const bytes = await readFile(file)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(await readBack(file, labels)).toEqual({ sizeBytes: bytes.length, sha256 })
  })

  it('is refused where one voxel is another, from the first to the last', async () => {
    await makeLabels('uint8', 5)
    const numVox = SHAPE[0] * SHAPE[1] * SHAPE[2]
    for (const fromEnd of [numVox, numVox / 2, 1]) {
      const file = await write(ending)
      await change(file, (bytes) => {
        bytes[bytes.length - Math.ceil(fromEnd)] ^= 8
        return bytes
      })
      await expect(readBack(file, labels)).rejects.toThrow('differs from the labels')
    }
  })

  it('is refused where its voxels end too early or too late', async () => {
    await makeLabels('uint8', 5)
    const long = await write(ending)
    await change(long, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]))
    await expect(readBack(long, labels)).rejects.toThrow('differs from the labels')
    const short = await write(ending)
    await change(short, (bytes) => bytes.subarray(0, -1))
    await expect(readBack(short, labels)).rejects.toThrow()
  })

  it('is refused where it has another shape', async () => {
    await makeLabels('uint8', 5)
    const file = await write(ending)
    const others = await LabelFile.create(path.join(folder, 'other.raw'), [SHAPE[0], SHAPE[2], SHAPE[1]], 'uint8')
    await expect(readBack(file, others)).rejects.toThrow('another shape')
    await others.close()
  })
})

it.each(['nii.gz', 'nrrd'])('a packed .%s is refused where it does not end as it should', async (ending) => {
  await makeLabels('uint8', 5)
  const file = await write(ending)
  const bytes = await readFile(file)
  const wrongSum = Buffer.from(bytes)
  wrongSum[bytes.length - 6] ^= 1
  for (const damaged of [bytes.subarray(0, -4), wrongSum]) {
    await writeFile(file, damaged)
    await expect(readBack(file, labels)).rejects.toMatchObject({ code: 'format_corrupt_stream' })
  }
})

it('a signed byte is never the label with the same bits', async () => {
  await makeLabels('uint8', 5)
  const file = await write('mrc')
  await labels.close()
  await rm(path.join(folder, 'labels.raw'))
  await makeLabels('uint8', 200)
  // −56, as which the file reads, has the bits of 200.
  const raw = await readFile(path.join(folder, 'labels.raw'))
  await change(file, (bytes) => Buffer.concat([bytes.subarray(0, 1024), raw]))
  await expect(readBack(file, labels)).rejects.toThrow('differs from the labels')
})

it.each([
  [[3, 2, 1], 5],
  [[1, 3, 2], 200],
] as const)('an MRC with its axes in the order %s is compared in the order of the labels', async (mapcrs, most) => {
  await makeLabels('uint8', most)
  const file = await write('mrc', [...mapcrs])
  const bytes = await readFile(file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  expect(await readBack(file, labels)).toEqual({ sizeBytes: bytes.length, sha256 })
  bytes[bytes.length - 2] ^= 8
  await writeFile(file, bytes)
  await expect(readBack(file, labels)).rejects.toThrow('differs from the labels')
})
