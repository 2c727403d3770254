import { describe, expect, it } from 'vitest'
import { displayOrientation, orientVoxels, toDisplayAxes, toFileAxes } from './display-orientation.ts'
import type { VolumeHeader } from './header.ts'

const NIFTI = { format: 'nifti' } as VolumeHeader['geometry']
const MRC = { format: 'mrc' } as VolumeHeader['geometry']
const nrrd = (space: string) =>
  ({ format: 'nrrd', space, spaceDirections: [[1, 0, 0]] }) as unknown as VolumeHeader['geometry']
// File x runs to the front, y to the left, z up: "ALS".
const ALS = [0, -3, 0, 10, 2, 0, 0, 20, 0, 0, 4, -30, 0, 0, 0, 1] as const

describe('displayOrientation', () => {
  it('finds the file axis along each world axis, and which ones are mirrored', () => {
    expect(displayOrientation({ affine: ALS, geometry: NIFTI })).toEqual({
      fileAxisXyz: [1, 0, 2],
      isFlippedXyz: [true, false, false],
    })
  })

  it('claims no anatomical direction for MRC', () => {
    expect(displayOrientation({ affine: ALS, geometry: MRC }).fileAxisXyz).toEqual([0, 1, 2])
  })

  it('reads the space of an NRRD: left and posterior run against the display', () => {
    const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const
    const turned = displayOrientation({ affine, geometry: nrrd('left-posterior-superior') })
    expect(turned.isFlippedXyz).toEqual([true, true, false])
    expect(displayOrientation({ affine, geometry: nrrd('RAS') }).isFlippedXyz).toEqual([false, false, false])
    expect(displayOrientation({ affine, geometry: nrrd('scanner-xyz') }).isFlippedXyz).toEqual([false, false, false])
  })

  it('gives an oblique volume three different axes', () => {
    const affine = [0.6, 0.8, 0, 0, 0.65, 0.76, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const
    expect(displayOrientation({ affine, geometry: NIFTI }).fileAxisXyz.toSorted()).toEqual([0, 1, 2])
  })
})

describe('orientVoxels', () => {
  it('puts every voxel where its display axes say, for unequal axes', () => {
    const shapeZyx = [2, 3, 4] as const
    const voxels = Uint8Array.from({ length: 24 }, (_, i) => i)
    for (const fileAxisXyz of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 0, 2],
      [1, 2, 0],
    ] as [number, number, number][])
      for (const isFlippedXyz of [
        [true, false, true],
        [false, true, false],
      ] as [boolean, boolean, boolean][]) {
        const orientation = { fileAxisXyz, isFlippedXyz }
        const [nx, ny, nz] = toDisplayAxes([4, 3, 2], orientation)
        const turned = orientVoxels(voxels, shapeZyx, orientation)
        for (let z = 0; z < nz; z++)
          for (let y = 0; y < ny; y++)
            for (let x = 0; x < nx; x++) {
              const display = [x, y, z].map((i, axis) => (isFlippedXyz[axis] ? [nx, ny, nz][axis] - 1 - i : i))
              const [fx, fy, fz] = toFileAxes(display as [number, number, number], orientation)
              expect(turned[(z * ny + y) * nx + x]).toBe((fz * 3 + fy) * 4 + fx)
            }
      }
  })
})
