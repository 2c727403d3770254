import { describe, expect, it } from 'vitest'
import type { LengthUnit, VolumeFormat } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { checkSameGrid } from './same-grid.ts'

type Size = [format: VolumeFormat, voxelSizeZyx: Zyx | null, unit: LengthUnit | null]

const check = (...sizes: Size[]) =>
  checkSameGrid(
    sizes.map(([format, voxelSizeZyx, unit], i) => ({
      name: `channel-${i}.${format}`,
      header: { format, shapeZyx: [13, 22, 31], voxelSizeZyx, unit },
    })),
  )

describe('channels of one grid', () => {
  it.each<[string, Size, Size]>([
    ['of one size in two units', ['mrc', [10, 10, 10], 'angstrom'], ['nrrd', [1, 1, 1], 'nm']],
    ['of one size, rounded', ['mrc', [13.48, 13.48, 13.48], 'angstrom'], ['nifti', [1.35e-6, 1.35e-6, 1.35e-6], 'mm']],
    ['of which one does not tell its size', ['mrc', null, null], ['nrrd', [5, 5, 5], 'angstrom']],
    ['of which one does not tell its unit', ['mrc', [10, 10, 10], 'angstrom'], ['nrrd', [5, 5, 5], null]],
  ])('may be %s', (_what, a, b) => {
    expect(() => check(a, b)).not.toThrow()
  })

  it.each<[string, Size, Size, RegExp]>([
    [
      'in two formats',
      ['mrc', [10, 10, 10], 'angstrom'],
      ['nrrd', [5, 5, 5], 'angstrom'],
      /channel-0\.mrc.*channel-1\.nrrd.*voxels are 10 × 10 × 10 angstrom and 5 × 5 × 5 angstrom/,
    ],
    [
      'in two units',
      ['mrc', [10, 10, 10], 'angstrom'],
      ['nifti', [1, 1, 1], 'mm'],
      /10 × 10 × 10 angstrom and 1 × 1 × 1 mm/,
    ],
    ['along one axis', ['nrrd', [4, 1, 1], 'mm'], ['nifti', [1, 1, 1], 'mm'], /4 × 1 × 1 mm and 1 × 1 × 1 mm/],
    ['by numbers without a unit', ['nrrd', [4, 1, 1], null], ['nrrd', [1, 1, 1], null], /4 × 1 × 1 \(no unit\)/],
  ])('are refused where their voxels differ %s', (_how, a, b, message) => {
    expect(() => check(a, b)).toThrow(expect.objectContaining({ code: 'volumes_not_on_one_grid' }))
    expect(() => check(a, b)).toThrow(message)
  })

  it('are compared with the first, whichever comes second', () => {
    const one: Size = ['mrc', [10, 10, 10], 'angstrom']
    expect(() => check(one, one, ['nrrd', [5, 5, 5], 'angstrom'])).toThrow(/channel-2/)
  })
})
