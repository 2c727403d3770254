import path from 'node:path'
import { expect, it } from 'vitest'
import { readNpy } from '../../build/test-support/npy.ts'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import { gaussianImportance } from './importance-map.ts'

it('peaks with 10 at the voxel size // 2 and has no zero', () => {
  const map = gaussianImportance([4, 6, 8], 1 / 8)
  expect(Math.max(...map)).toBeCloseTo(10, 6)
  expect(map.indexOf(Math.max(...map))).toBe(2 * 48 + 3 * 8 + 4)
  expect(Math.min(...map)).toBeGreaterThan(0)
})

it('raises what a narrow kernel leaves at zero to the smallest other weight', () => {
  const map = gaussianImportance([9, 9, 9], 1 / 40)
  expect(map[0]).toBe(Math.min(...map))
  expect(map[0]).toBeGreaterThan(0)
})

it.runIf(hasSharedData)('equals the map of the nnU-Net code', () => {
  const { data, shape } = readNpy(path.join(SHARED_DATA, 'nnunet/units/gauss_7x10x9_f32.npy'))
  const ours = gaussianImportance(shape as [number, number, number], 1 / 8)
  const worst = Math.max(...ours.map((value, i) => Math.abs(value - Number(data[i])) / Number(data[i])))
  expect(worst).toBeLessThan(1e-5)
})
