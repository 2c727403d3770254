import { describe, expect, it } from 'vitest'
import { roiAround, roiBetween, roiMoved, roiShare, roiWithEnd } from './region.ts'

describe('a region', () => {
  it('lies around a voxel, and is moved into the volume at its borders', () => {
    expect(roiAround([50, 40, 30], [100, 100, 100], [20, 10, 4])).toEqual([
      [20, 40],
      [35, 45],
      [48, 52],
    ])
    expect(roiAround([0, 99, 50], [8, 100, 100], [20, 10, 4])).toEqual([
      [0, 8],
      [90, 100],
      [0, 4],
    ])
  })

  it('keeps a voxel, and stays in the volume, when an end is moved', () => {
    const roi = roiAround([5, 5, 5], [10, 10, 10], [4, 4, 4])
    expect(roiWithEnd(roi, { axis: 0, end: 0, value: 99 }, [10, 10, 10])[0]).toEqual([6, 7])
    expect(roiWithEnd(roi, { axis: 0, end: 1, value: -5 }, [10, 10, 10])[0]).toEqual([3, 4])
    expect(roiWithEnd(roi, { axis: 2, end: 1, value: 99 }, [10, 10, 10])[2]).toEqual([3, 10])
    expect(roiWithEnd(roi, { axis: 1, end: 0, value: -3 }, [10, 10, 10])[1]).toEqual([0, 7])
  })

  it('is drawn between two places of a slice, in whole voxels, and goes through the volume across it', () => {
    const shape = [10, 20, 30]
    // Voxel 3 reaches from 2.5 to 3.5: a place in its first half begins with it.
    expect(
      roiBetween(
        null,
        [
          [2.6, 11, 4],
          [8.4, 5.2, 4],
        ],
        2,
        shape,
      ),
    ).toEqual([
      [0, 10],
      [6, 12],
      [3, 9],
    ])
    const before = roiAround([15, 10, 5], shape, [4, 4, 4])
    expect(
      roiBetween(
        before,
        [
          [-5, 3, 0],
          [99, 3, 9],
        ],
        1,
        shape,
      ),
    ).toEqual([[1, 10], before[1], [0, 30]])
    expect(
      roiBetween(
        null,
        [
          [3, 3, 0],
          [3, 3, 0],
        ],
        2,
        shape,
      )[2],
    ).toEqual([4, 5])
  })

  it('is moved as a whole and keeps its size at the borders', () => {
    const roi = roiAround([5, 5, 5], [10, 12, 14], [4, 4, 4])
    expect(roiMoved(roi, [2.4, -1, 0], [10, 12, 14])).toEqual([
      [3, 7],
      [2, 6],
      [5, 9],
    ])
    expect(roiMoved(roi, [99, -99, 99], [10, 12, 14])).toEqual([
      [6, 10],
      [0, 4],
      [10, 14],
    ])
  })

  it('knows which share of the volume it is', () => {
    expect(
      roiShare(
        [
          [0, 5],
          [0, 20],
          [0, 10],
        ],
        [10, 20, 30],
      ),
    ).toBeCloseTo(1 / 6)
  })
})
