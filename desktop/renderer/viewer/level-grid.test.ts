import { describe, expect, it } from 'vitest'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { AS_STORED, toDisplayAxes } from '../../../shared/volume/display-orientation.ts'
import { reverseTriple } from '../../../shared/volume/zyx.ts'
import { displayIndexOf, fileVoxelAt, fileVoxelBeside, fractionOf, planeLine } from './level-grid.ts'

const FILE = [3, 5, 7] as const
const TURNED = {
  fileAxisXyz: [2, 0, 1] as [number, number, number],
  isFlippedXyz: [true, false, true] as [boolean, boolean, boolean],
}

function gridOf(bin: number, orientation: typeof TURNED) {
  const shown = (shape: readonly [number, number, number]) =>
    reverseTriple(toDisplayAxes(reverseTriple(shape), orientation))
  return { bin, levelShapeZyx: shown(blockGridShape(FILE, bin)), sourceShapeZyx: shown(FILE), orientation }
}

describe('fileVoxelAt', () => {
  it('comes back to every voxel that fractionOf was given, at every bin, however the file is turned', () => {
    for (const orientation of [AS_STORED, TURNED])
      for (const bin of [1, 2, 4, 8]) {
        const grid = gridOf(bin, orientation)
        for (let z = 0; z < 3; z++)
          for (let y = 0; y < 5; y++)
            for (let x = 0; x < 7; x++) expect(fileVoxelAt(grid, fractionOf(grid, [x, y, z]))).toEqual([x, y, z])
      }
  })

  it('stays inside the file where the last level voxel reaches beyond it', () => {
    const grid = gridOf(4, AS_STORED)
    expect(fileVoxelAt(grid, [1, 1, 1])).toEqual([6, 4, 2])
    expect(fileVoxelAt(grid, [-0.1, 0, 0])).toEqual([0, 0, 0])
  })
})

describe('fileVoxelBeside', () => {
  it('goes along the display axes by voxels of the file, and stops at its sides', () => {
    const grid = gridOf(4, TURNED)
    // Display x is the file's z, mirrored; display y its x.
    expect(displayIndexOf(grid, [2, 3, 0])).toEqual([2, 2, 1])
    expect(fileVoxelBeside(grid, [2, 3, 1], [1, 0, 0])).toEqual([2, 3, 0])
    expect(fileVoxelBeside(grid, [2, 3, 0], [1, 2, 0])).toEqual([4, 3, 0])
    expect(fileVoxelBeside(grid, [2, 3, 0], [0, 0, 9])).toEqual([2, 0, 0])
  })
})

describe('planeLine', () => {
  it('puts the middle of every file voxel where it lies in a plane of the file', () => {
    for (const orientation of [AS_STORED, TURNED])
      for (const bin of [1, 2, 4]) {
        const grid = gridOf(bin, orientation)
        const { scaleXyz, offsetXyz } = planeLine(grid)
        const index = [3, 2, 1] as const
        const inPlane = fractionOf(grid, index).map((share, axis) => share * scaleXyz[axis] + offsetXyz[axis])
        const size = reverseTriple(grid.sourceShapeZyx)
        for (let axis = 0; axis < 3; axis++)
          expect(inPlane[axis]).toBeCloseTo((displayIndexOf(grid, index)[axis] + 0.5) / size[axis])
      }
  })
})
