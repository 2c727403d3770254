import { expect, it, vi } from 'vitest'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { PlaneBands } from './plane-bands.ts'

// 7 planes of 5 × 3 voxels.
const values = Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => i)
const readSlab = vi.fn(async (z: number, count: number) => values.slice(z * 15, (z + count) * 15))
const source = { header: { shapeZyx: [7, 5, 3], dtype: 'uint8' }, readSlab } as unknown as VoxelSource

it('gives every plane, and reads a band of them once', async () => {
  const bands = new PlaneBands(source, 3 * 15 + 4)
  for (let z = 0; z < 7; z++) expect(await bands.readSlab(z, 1)).toEqual(values.slice(z * 15, (z + 1) * 15))
  expect(readSlab.mock.calls.map(([z, count]) => [z, count])).toEqual([
    [0, 3],
    [3, 3],
    [6, 1],
  ])
  expect(await bands.readSlab(2, 2)).toEqual(values.slice(30, 60))
})
