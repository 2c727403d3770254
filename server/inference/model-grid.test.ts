import { describe, expect, it } from 'vitest'
import type { LengthUnit, VolumeHeader } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { thresholdManifest } from '../test/threshold-model.ts'
import { modelGrid } from './model-grid.ts'

const manifest = (target: [number, number, number], unit: LengthUnit) =>
  thresholdManifest({
    spacing: { target_zyx: target, unit, policy: 'resample' },
    resampling: {
      ...{ data: { order: 3, order_z: 0 }, logits: { order: 1, order_z: 0 } },
      ...{ anisotropy_threshold: 3, separate_z: null },
    },
  })

const volume = (
  shapeZyx: Zyx,
  voxelSizeZyx: Zyx,
  unit: LengthUnit,
): Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit'> => ({
  ...{ shapeZyx, voxelSizeZyx, unit },
})

describe('the grid of a model', () => {
  it.each([
    ['grow a million times', [20, 30, 40], [1, 1, 1], 'mm'],
    ['shrink to one voxel', [20, 30, 40], [0.001, 0.001, 0.001], 'angstrom'],
    ['become longer than any axis is', [2000, 3, 4], [60, 1, 1], 'nm'],
    ['have no size', [20, 30, 40], [0, 1, 1], 'nm'],
  ] as const)('is refused where the axes would %s, and both sizes are named', (_what, shape, size, unit) => {
    expect(() => modelGrid(manifest([1, 1, 1], 'nm'), volume(shape, size, unit))).toThrow(
      expect.objectContaining({
        code: 'request_invalid',
        message: expect.stringContaining(`${size.join(' × ')} ${unit} resampled to the 1 × 1 × 1 nm`),
        hint: 'Check the unit of the voxel size.',
      }),
    )
  })

  it('takes a hundred times, and a single slice of any thickness', () => {
    expect(modelGrid(manifest([1, 1, 1], 'nm'), volume([3, 5, 7], [100, 1, 1], 'nm'))?.shapeZyx).toEqual([300, 5, 7])
    expect(modelGrid(manifest([1, 1, 1], 'nm'), volume([1, 5, 7], [1e-4, 2, 2], 'nm'))?.shapeZyx).toEqual([1, 10, 14])
  })
})

describe('a volume in ångström on a grid in nanometres', () => {
  it('has the shape that its numbers have: 31 voxels of 20 Å are 15.5 of 4 nm, and a half goes to even', () => {
    expect(modelGrid(manifest([4, 4, 4], 'nm'), volume([31, 62, 93], [20, 20, 20], 'angstrom'))?.shapeZyx).toEqual([
      16, 31, 46,
    ])
  })

  it('has a separate axis only above the threshold: 31.5 Å are three times 10.5 Å, and no more', () => {
    const data = (z: number) =>
      modelGrid(manifest([1, 1, 1], 'nm'), volume([30, 50, 70], [z, 10.5, 10.5], 'angstrom'))?.data.separateAxis
    expect(data(31.5)).toBeNull()
    expect(data(31.6)).toBe(0)
  })
})
