import { describe, expect, it } from 'vitest'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { labelMeshes } from './label-meshes.ts'
import { UNKNOWN_SLOT } from './label-slots.ts'

const SHAPE: Zyx = [9, 11, 13]

function slotsWith(inside: (x: number, y: number, z: number) => number): Uint8Array {
  const [nz, ny, nx] = SHAPE
  return Uint8Array.from({ length: nz * ny * nx }, (_, i) =>
    inside(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))),
  )
}

function extent(points: Float32Array): number[][] {
  return [0, 1, 2].map((axis) => {
    const along = [...points].filter((_, i) => i % 3 === axis)
    return [Math.min(...along), Math.max(...along)]
  })
}

const block = (x: number, y: number, z: number) => x >= 4 && x <= 6 && y >= 3 && y <= 7 && z >= 5

describe('surfaces of labels', () => {
  it('lie half a voxel around each label, at its place in the level, also at the border', () => {
    const slots = slotsWith((x, y, z) => (block(x, y, z) ? 3 : x === 0 && y === 0 && z === 0 ? 7 : 0))
    const { meshes, factor } = labelMeshes(slots, SHAPE, 1e5)
    expect(factor).toBe(1)
    expect(meshes.map(({ slot }) => slot)).toEqual([3, 7])
    expect(extent(meshes[0].points)).toEqual([
      [3.5, 6.5],
      [2.5, 7.5],
      [4.5, 8.5],
    ])
    expect(extent(meshes[1].points)).toEqual([
      [-0.5, 0.5],
      [-0.5, 0.5],
      [-0.5, 0.5],
    ])
  })

  it('have normals of length 1 that point away from the label', () => {
    const [{ points, normals }] = labelMeshes(
      slotsWith((x, y, z) => (block(x, y, z) ? 1 : 0)),
      SHAPE,
      1e5,
    ).meshes
    const middle = [5, 5, 6.5]
    for (let i = 0; i < points.length; i += 3) {
      const normal = [...normals.subarray(i, i + 3)]
      expect(Math.hypot(...normal)).toBeCloseTo(1, 5)
      expect(normal.reduce((sum, one, axis) => sum + one * (points[i + axis] - middle[axis]), 0)).toBeGreaterThan(0)
    }
  })

  it('leave out what is not computed yet, and are none without labels', () => {
    expect(
      labelMeshes(
        slotsWith(() => UNKNOWN_SLOT),
        SHAPE,
        1e5,
      ).meshes,
    ).toEqual([])
    expect(
      labelMeshes(
        slotsWith(() => 0),
        SHAPE,
        1e5,
      ).meshes,
    ).toEqual([])
  })

  it('merge voxels where there would be too many triangles, and stay at their place', () => {
    const slots = slotsWith((x, y, z) => (block(x, y, z) ? 2 : 0))
    const { meshes, factor } = labelMeshes(slots, SHAPE, 150)
    expect(factor).toBeGreaterThan(1)
    expect(meshes[0].triangles.length / 3).toBeLessThanOrEqual(150)
    const fine = extent(labelMeshes(slots, SHAPE, 1e5).meshes[0].points)
    for (const [axis, ends] of extent(meshes[0].points).entries())
      for (const end of [0, 1]) expect(Math.abs(ends[end] - fine[axis][end])).toBeLessThanOrEqual(factor)
  })
})
