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

it('names the problem where objects are too many to be told apart', async () => {
  const labels = await LabelFile.create(path.join(folder, 'labels.raw'), [1, 2, 3], 'uint8')
  await labels.append(Uint8Array.of(0, 1, 0, 1, 0, 1))
  const spy = vi.spyOn(ComponentFinder.prototype, 'add').mockImplementation(() => {
    throw new TooManyObjects('more than 3 provisional objects')
  })
  try {
    await expect(filterObjects(labels, labels, { keepLargest: [1], smallestVoxels: 0 })).rejects.toMatchObject({
      code: 'too_many_objects',
    })
  } finally {
    spy.mockRestore()
    await labels.close()
  }
})
