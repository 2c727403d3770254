import { describe, expect, it } from 'vitest'
import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { fileVoxelAt, fractionOf } from './level-grid.ts'

describe('fileVoxelAt', () => {
  it('comes back to every voxel that fractionOf was given, at every bin', () => {
    const source = [3, 5, 7] as const
    for (const bin of [1, 2, 4, 8]) {
      const grid = { bin, levelShapeZyx: blockGridShape(source, bin), sourceShapeZyx: source }
      for (let z = 0; z < 3; z++)
        for (let y = 0; y < 5; y++)
          for (let x = 0; x < 7; x++) expect(fileVoxelAt(grid, fractionOf(grid, [x, y, z]))).toEqual([x, y, z])
    }
  })

  it('stays inside the file where the last level voxel reaches beyond it', () => {
    const grid = { bin: 4, levelShapeZyx: [1, 2, 2], sourceShapeZyx: [3, 5, 7] } as const
    expect(fileVoxelAt(grid, [1, 1, 1])).toEqual([6, 4, 2])
    expect(fileVoxelAt(grid, [-0.1, 0, 0])).toEqual([0, 0, 0])
  })
})
