import path from 'node:path'
import { expect, it } from 'vitest'
import { readNpy } from '../../build/test-support/npy.ts'
import { hasSharedData, SHARED_DATA } from '../../build/test-support/shared-data.ts'
import { gaussianImportance, gaussianReach } from './importance-map.ts'

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

it.each([1 / 8, 1 / 40])(
  'is a product of three, or the smallest weight where the kernel ends: sigma scale %d',
  (scale) => {
    const shape = [6, 9, 11] as const
    const map = gaussianImportance(shape, scale)
    const smallest = Math.min(...map)
    const at = (z: number, y: number, x: number) => map[(z * shape[1] + y) * shape[2] + x]
    const reach = gaussianReach(shape, scale)
    for (let z = 0; z < shape[0]; z++)
      for (let y = 0; y < shape[1]; y++)
        for (let x = 0; x < shape[2]; x++) {
          const isReached = [z, y, x].every((i, axis) => i >= reach[axis][0] && i < reach[axis][1])
          const product = (at(z, 4, 5) * at(3, y, 5) * at(3, 4, x)) / 100
          expect(Math.abs(at(z, y, x) / (isReached ? product : smallest) - 1)).toBeLessThan(1e-6)
        }
  },
)

it.runIf(hasSharedData)('equals the map of the nnU-Net code', () => {
  const { data, shape } = readNpy(path.join(SHARED_DATA, 'nnunet/units/gauss_7x10x9_f32.npy'))
  const ours = gaussianImportance(shape as [number, number, number], 1 / 8)
  const worst = Math.max(...ours.map((value, i) => Math.abs(value - Number(data[i])) / Number(data[i])))
  expect(worst).toBeLessThan(1e-5)
})
