import { describe, expect, it } from 'vitest'
import { jobParamsOf, NO_CHOICES, numChanged, roiAround, roiWithEnd } from './run-choices.ts'

const model = { mirror_axes_allowed: ['z', 'y'] as ('z' | 'y' | 'x')[] }

describe('choices of a run', () => {
  it('leave everything to the model until something is chosen', () => {
    expect(jobParamsOf(NO_CHOICES, model)).toEqual({})
    expect(numChanged(NO_CHOICES, model)).toBe(0)
  })

  it('become the parameters of the job, without axes that the model does not mirror', () => {
    const choices = {
      ...{ step: 0.25, threshold: 0, smallestObjectVoxels: 0, isDraftWanted: true, isProbabilityKept: false },
      mirrorAxes: ['x', 'y'] as const,
      roiZyx: null,
    }
    expect(jobParamsOf(choices, model)).toEqual({
      ...{ step: 0.25, mirror_axes: ['y'], threshold: 0, smallest_object_voxels: 0, draft: true, probability: false },
    })
  })
})

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
})
