import { describe, expect, it } from 'vitest'
import { linkRule, type Placed, placeIn, pxPerVoxelIn, voxelIn } from './linked-place.ts'

const volume = (
  shapeXyz: readonly [number, number, number],
  sizeXyz: readonly [number, number, number] | null,
  originXyz: readonly [number, number, number],
  unit: 'angstrom' | 'mm' | null = 'angstrom',
): Placed => {
  const [x, y, z] = sizeXyz ?? [1, 1, 1]
  return {
    volume: {
      shape_zyx: [shapeXyz[2], shapeXyz[1], shapeXyz[0]],
      voxel_size_zyx: sizeXyz && [z, y, x],
      unit: sizeXyz && unit,
      affine: [x, 0, 0, originXyz[0], 0, y, 0, originXyz[1], 0, 0, z, originXyz[2], 0, 0, 0, 1],
    },
    given: null,
  }
}

const fine = volume([60, 40, 20], [10, 20, 40], [100, 200, 300])
const coarse = volume([30, 40, 40], [20, 20, 20], [110, 200, 310])
const unknown = volume([30, 40, 40], null, [0, 0, 0])

describe('two volumes with voxel sizes', () => {
  it('meet at the same place of the world, forth and back', () => {
    expect(linkRule(fine, coarse)).toBe('world')
    const there = placeIn(coarse, fine, [12, 7, 3])
    expect(there).toEqual([(100 + 120 - 110) / 20, 7, (300 + 120 - 310) / 20])
    const back = placeIn(fine, coarse, there)
    for (const [axis, one] of [12, 7, 3].entries()) expect(back[axis]).toBeCloseTo(one, 9)
  })

  it('meet where axes are turned and units differ', () => {
    const turned: Placed = {
      ...fine,
      volume: {
        ...fine.volume,
        unit: 'mm',
        affine: [0, 0.000_02, 0, 0, 0.000_01, 0, 0, 0, 0, 0, 0.000_04, 0, 0, 0, 0, 1],
      },
    }
    // 20 Å a step of y along the world's x; 1e-5 mm is 100 Å.
    const there = placeIn(turned, volume([9, 9, 9], [100, 100, 100], [0, 0, 0]), [4, 2, 8])
    for (const [axis, one] of [2, 2, 2].entries()) expect(there[axis]).toBeCloseTo(one, 9)
  })

  it('are as large as each other when a pixel covers as many nanometres', () => {
    expect(pxPerVoxelIn({ ...coarse, fileAxis: 0 }, { ...fine, fileAxis: 0 }, 3)).toBeCloseTo(6, 9)
    expect(pxPerVoxelIn({ ...fine, fileAxis: 2 }, { ...coarse, fileAxis: 0 }, 3)).toBeCloseTo(6, 9)
  })
})

describe('without a voxel size', () => {
  it('the same voxel is shown, unless the user gives a size', () => {
    expect(linkRule(fine, unknown)).toBe('voxel')
    expect(placeIn(unknown, fine, [12, 7, 3])).toEqual([12, 7, 3])
    expect(pxPerVoxelIn({ ...unknown, fileAxis: 0 }, { ...fine, fileAxis: 0 }, 3)).toBe(3)
    const given: Placed = { ...unknown, given: { size: 2, unit: 'nm' } }
    expect(linkRule(fine, given)).toBe('world')
    expect(placeIn(given, coarse, [2, 0, 0])[0]).toBeCloseTo((11 + 4) / 2, 9)
  })
})

it('stays inside the file, and tells where it had to', () => {
  expect(voxelIn(coarse, [3.6, 0.2, 39.4])).toEqual({ indexXyz: [4, 0, 39], isOutside: false })
  expect(voxelIn(coarse, [-4, 12, 55])).toEqual({ indexXyz: [0, 12, 39], isOutside: true })
})
