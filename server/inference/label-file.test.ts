import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { LabelFile } from './label-file.ts'

const SHAPE: Zyx = [4, 30, 50]
const valueAt = (z: number, y: number, x: number) => (z * 7919 + y * 613 + x * 31) % 65521

let folder: string
let labels: LabelFile
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-label-file-'))
  labels = await LabelFile.create(path.join(folder, 'labels.raw'), SHAPE, 'uint16')
  for (let z = 0; z < SHAPE[0]; z++)
    await labels.append(Uint16Array.from({ length: 1500 }, (_, i) => valueAt(z, Math.floor(i / 50), i % 50)))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await labels.close()
  await rm(folder, { recursive: true, force: true })
})

async function readsOf(use: () => Promise<unknown>): Promise<number> {
  const handle = await open(path.join(folder, 'any'), 'w')
  const spy = vi.spyOn(Object.getPrototypeOf(handle), 'read')
  await handle.close()
  await use()
  const numReads = spy.mock.calls.length
  spy.mockRestore()
  return numReads
}

const BOXES: [string, Zyx, Zyx, number][] = [
  ['whole planes', [1, 0, 0], [2, 30, 50], 1],
  ['whole rows', [1, 4, 0], [3, 20, 50], 3],
  ['parts of rows', [0, 3, 7], [4, 27, 5], 4],
  ['one voxel of each row', [0, 0, 49], [4, 30, 1], 4],
  ['one voxel', [3, 29, 49], [1, 1, 1], 1],
]

it.each(BOXES)('a box of %s comes right, with a read for each plane at most', async (_name, start, shape, numReads) => {
  const expected: number[] = []
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++) expected.push(valueAt(start[0] + z, start[1] + y, start[2] + x))
  const reads = await readsOf(async () => expect([...(await labels.readBox(start, shape))]).toEqual(expected))
  expect(reads).toBe(numReads)
})

it('has the hash of its voxels; without one, nothing is read for it', async () => {
  const file = path.join(folder, 'other.raw')
  const hashes = []
  for (const isHashed of [true, false]) {
    const other = await LabelFile.create(file, [2, 2, 2], 'uint8', isHashed)
    await other.writeBox([0, 0, 0], [2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect(await readsOf(() => other.seal())).toBe(isHashed ? 2 : 0)
    hashes.push(() => other.sha256())
    await other.close()
    await rm(file)
  }
  const expected = createHash('sha256')
    .update(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    .digest('hex')
  expect(hashes[0]()).toBe(expected)
  expect(hashes[1]).toThrow('not hashed')
})
