import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { resampledShape, separateAxis } from './new-shape.ts'

interface Units {
  new_shape: { shape: Zyx; spacing: Zyx; target: Zyx; new_shape: Zyx }[]
  sep_z: { spacing: Zyx; target: Zyx; separate_z: boolean; axis: number | null }[]
}

describe.runIf(hasSharedData)('shape and separate axis against runs of the nnU-Net code', () => {
  const units: Units = hasSharedData
    ? JSON.parse(readFileSync(path.join(SHARED_DATA, 'nnunet/units/units.json'), 'utf8'))
    : { new_shape: [], sep_z: [] }

  it('gives every shape of the unit vectors', () => {
    for (const unit of units.new_shape)
      expect(resampledShape(unit.shape, unit.spacing, unit.target)).toEqual(unit.new_shape)
  })

  it('gives every separate axis of the unit vectors', () => {
    for (const unit of units.sep_z) expect(separateAxis(unit.spacing, unit.target, 3)).toBe(unit.axis)
  })
})

it('rounds halves to even and leaves at least one voxel', () => {
  expect(resampledShape([25, 27, 1], [1, 1, 1], [2, 2, 9])).toEqual([12, 14, 1])
})

it('takes the coarse axis of the old spacing before that of the new one', () => {
  expect(separateAxis([1, 8, 1], [9, 1, 1])).toBe(1)
  expect(separateAxis([1, 2, 1], [1, 1, 9])).toBe(2)
})

it('does what it is told when separate z is forced or forbidden', () => {
  expect(separateAxis([9, 1, 1], [1, 1, 1], 3, false)).toBeNull()
  expect(separateAxis([2, 1, 1], [1, 1, 1], 3, true)).toBe(0)
  expect(separateAxis([1, 1, 1], [9, 1, 1], 3, true)).toBeNull()
})
