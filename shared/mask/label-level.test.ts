import { describe, expect, it } from 'vitest'
import type { Zyx } from '../volume/zyx.ts'
import { labelsOnLevel } from './label-level.ts'
import { blockGridShape, downsampleLabels } from './preview-rule.ts'

const SHAPES: Zyx[] = [
  [3, 5, 7],
  [9, 6, 13],
  [8, 4, 1],
]

function randomLabels(shape: Zyx, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state % 5 < 2 ? (state >> 8) % 3 : 0
  })
}

describe('labelsOnLevel', () => {
  it('returns the same labels when the grids are the same', () => {
    const labels = randomLabels([3, 5, 7], 1)
    expect(labelsOnLevel(labels, 2, [6, 10, 14], 2, false)).toBe(labels)
  })

  it('merges a full mask by the preview rule', () => {
    for (const shape of SHAPES)
      for (const bin of [2, 3, 4, 8]) {
        const mask = randomLabels(shape, bin)
        expect(labelsOnLevel(mask, 1, shape, bin, false)).toEqual(downsampleLabels(mask, shape, bin))
      }
  })

  it('puts the label of the covering preview block on every finer voxel, edges included', () => {
    for (const shape of SHAPES)
      for (const [factor, bin] of [
        [4, 1],
        [4, 2],
        [8, 2],
        [3, 1],
      ]) {
        const grid = blockGridShape(shape, factor)
        const preview = randomLabels(grid, factor * 10 + bin)
        const level = labelsOnLevel(preview, factor, shape, bin, true)
        const [nz, ny, nx] = blockGridShape(shape, bin)
        for (let z = 0, at = 0; z < nz; z++)
          for (let y = 0; y < ny; y++)
            for (let x = 0; x < nx; x++, at++) {
              const [bz, by, bx] = [z, y, x].map((p) => Math.floor((p * bin) / factor))
              expect(level[at]).toBe(preview[(bz * grid[1] + by) * grid[2] + bx])
            }
      }
  })

  it('marks a coarser voxel not computed when any part of it is not', () => {
    const preview = Uint8Array.of(1, 1, 255, 0, 2, 2)
    expect([...labelsOnLevel(preview, 2, [2, 2, 12], 4, true)]).toEqual([1, 255, 2])
  })

  it('keeps the largest value as a label when the mask is final', () => {
    expect([...labelsOnLevel(Uint8Array.of(255, 255, 0, 0), 1, [1, 1, 4], 2, false)]).toEqual([255, 0])
  })

  it('takes the label at the centre when neither grid divides the other', () => {
    const preview = Uint16Array.of(7, 8, 9)
    expect([...labelsOnLevel(preview, 3, [1, 1, 9], 2, true)]).toEqual([7, 7, 8, 9, 9])
  })
})
