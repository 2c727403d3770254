import { describe, expect, it } from 'vitest'
import { angleDegrees, distanceNm, formatNm, scaleBar, voxelNm, worldNm } from './physical.ts'

/** 10 × 20 × 30 Å, moved, with x and y exchanged in the world. */
const volume = {
  voxel_size_zyx: [30, 20, 10] as [number, number, number],
  unit: 'angstrom' as const,
  affine: [0, 20, 0, 100, 10, 0, 0, 200, 0, 0, 30, 300, 0, 0, 0, 1],
}
const unknown = { voxel_size_zyx: null, unit: null, affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] }

describe('physical lengths', () => {
  it('come through the affine, per axis', () => {
    expect(worldNm(volume, null, [1, 2, 3])).toEqual([14, 21, 39])
    expect([0, 1, 2].map((axis) => voxelNm(volume, null, axis as 0 | 1 | 2))).toEqual([1, 2, 3])
    expect(distanceNm(volume, null, [0, 0, 0], [3, 2, 0])).toBeCloseTo(5)
  })

  it('are unknown unless the file or the user says, and the file goes first', () => {
    expect(distanceNm(unknown, null, [0, 0, 0], [3, 4, 0])).toBeNull()
    expect(distanceNm(unknown, { size: 2, unit: 'um' }, [0, 0, 0], [3, 4, 0])).toBeCloseTo(10_000)
    expect(distanceNm(volume, { size: 2, unit: 'um' }, [0, 0, 0], [1, 0, 0])).toBeCloseTo(1)
    expect(voxelNm({ ...volume, unit: null }, null, 0)).toBeNull()
  })

  it('make angles of the world, not of the grid', () => {
    expect(angleDegrees(volume, null, [4, 0, 0], [0, 0, 0], [4, 2, 0])).toBeCloseTo(45)
    expect(angleDegrees(unknown, null, [1, 0, 0], [0, 0, 0], [0, 3, 0])).toBeCloseTo(90)
    expect(angleDegrees(volume, null, [1, 1, 1], [1, 1, 1], [0, 0, 0])).toBeNull()
  })

  it('are written in nm, µm or mm', () => {
    expect([0.5, 12.345, 1234.5, 2e6].map((nm) => formatNm(nm))).toEqual(['0.5 nm', '12.35 nm', '1.234 µm', '2 mm'])
  })
})

describe('scaleBar', () => {
  it('is the longest round length that fits', () => {
    expect(scaleBar(1.348, 140)).toEqual({ lengthPx: 100 / 1.348, text: '100 nm' })
    expect(scaleBar(0.5, 100)).toEqual({ lengthPx: 100, text: '50 nm' })
    expect(scaleBar(30_000, 100)).toEqual({ lengthPx: 2e6 / 30_000, text: '2 mm' })
    expect(scaleBar(0, 100)).toBeNull()
  })
})
