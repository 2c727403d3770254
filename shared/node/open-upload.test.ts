import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeMrc, makeVoxels } from '../../server/test/make-mrc.ts'
import { openUpload } from './open-upload.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-open-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function makeNifti(): Uint8Array {
  const file = new Uint8Array(352 + 3 * 5 * 7)
  const view = new DataView(file.buffer)
  view.setInt32(0, 348, true)
  for (const [i, n] of [3, 7, 5, 3, 1, 1, 1, 1].entries()) view.setInt16(40 + 2 * i, n, true)
  view.setInt16(70, 2, true)
  view.setInt16(72, 8, true)
  for (let i = 0; i < 4; i++) view.setFloat32(76 + 4 * i, 1, true)
  view.setFloat32(108, 352, true)
  file.set([0x6e, 0x2b, 0x31, 0], 344)
  return file
}

function makeNrrd(): Uint8Array {
  const header = 'NRRD0004\ntype: uint8\ndimension: 3\nsizes: 7 5 3\nencoding: raw\n\n'
  return Buffer.concat([Buffer.from(header), Buffer.alloc(105, 1)])
}

const FILES: [string, () => Uint8Array, (file: Uint8Array) => void][] = [
  [
    'a.mrc',
    () => makeMrc(makeVoxels([3, 5, 7]), [3, 5, 7]),
    (file) => new DataView(file.buffer).setInt32(8, 300, true),
  ],
  ['a.nii', makeNifti, (file) => new DataView(file.buffer).setInt16(46, 300, true)],
  ['a.nrrd', makeNrrd, (file) => file.set(Buffer.from('9'), Buffer.from(file).indexOf('7 5 3'))],
]

describe('a file that is to be sent', () => {
  it.each(FILES)('%s is opened when it is whole, and known to be unchanged', async (name, make) => {
    const file = path.join(folder, name)
    await writeFile(file, make())
    const opened = await openUpload(file)
    expect(await opened.isUnchanged()).toBe(true)
    await truncate(file, 10)
    expect(await opened.isUnchanged()).toBe(false)
    await opened.source.close()
  })

  it.each(FILES)('%s is refused when it was cut short', async (name, make) => {
    const file = path.join(folder, name)
    await writeFile(file, make().subarray(0, -1))
    await expect(openUpload(file)).rejects.toMatchObject({ code: 'format_truncated' })
  })

  it.each(FILES)('%s is refused when its header promises more than it holds', async (name, make, lie) => {
    const file = path.join(folder, name)
    const bytes = new Uint8Array(make())
    lie(bytes)
    await writeFile(file, bytes)
    await expect(openUpload(file)).rejects.toMatchObject({ code: 'format_truncated' })
  })
})
