import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ComponentFinder } from '../../shared/mask/components.ts'
import { TooManyObjects } from '../../shared/mask/object-table.ts'
import { filterObjects } from './filter-objects.ts'
import { LabelFile } from './label-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-filter-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Two pairs of voxels in one plane: one touches by a face, the other by an edge. */
// biome-ignore format: one plane of 3 × 6 voxels
const PAIRS = [
  1, 1, 0, 0, 0, 0,
  0, 0, 0, 0, 1, 0,
  0, 0, 0, 0, 0, 1,
]

it.each([
  [6, 2],
  [26, 4],
] as const)(
  'takes voxels that touch by an edge for one object with 26 neighbours only: %i',
  async (neighbours, left) => {
    const create = (name: string) =>
      LabelFile.create(path.join(folder, `${name}-${neighbours}.raw`), [1, 3, 6], 'uint8')
    const [labels, filtered] = [await create('labels'), await create('filtered')]
    await labels.append(Uint8Array.from(PAIRS))
    await filterObjects(labels, filtered, { keepLargest: [], smallestVoxels: 2, neighbours })
    expect(filtered.counts.get(1)).toBe(left)
    for (const file of [labels, filtered]) await file.close()
  },
)

it('names the problem where objects are too many to be told apart', async () => {
  const labels = await LabelFile.create(path.join(folder, 'labels.raw'), [1, 2, 3], 'uint8')
  await labels.append(Uint8Array.of(0, 1, 0, 1, 0, 1))
  const spy = vi.spyOn(ComponentFinder.prototype, 'add').mockImplementation(() => {
    throw new TooManyObjects('more than 3 provisional objects')
  })
  try {
    await expect(
      filterObjects(labels, labels, { keepLargest: [1], smallestVoxels: 0, neighbours: 26 }),
    ).rejects.toMatchObject({
      code: 'too_many_objects',
    })
  } finally {
    spy.mockRestore()
    await labels.close()
  }
})
