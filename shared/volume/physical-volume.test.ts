import { describe, expect, it } from 'vitest'
import { physicalVolume } from './physical-volume.ts'

describe('physicalVolume', () => {
  it('is in nm³ for tomograms in ångström, else in the unit of the file', () => {
    expect(physicalVolume(1000, [10, 10, 20], 'angstrom')).toEqual({ value: expect.closeTo(2000, 6), unit: 'nm' })
    expect(physicalVolume(4, [0.5, 1, 1], 'mm')).toEqual({ value: 2, unit: 'mm' })
  })

  it('is not known where the voxel size or its unit is not', () => {
    expect(physicalVolume(4, null, 'mm')).toBeNull()
    expect(physicalVolume(4, [1, 1, 1], null)).toBeNull()
  })
})
