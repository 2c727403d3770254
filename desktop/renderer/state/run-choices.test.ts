import { describe, expect, it } from 'vitest'
import { jobParamsOf, NO_CHOICES, numChanged } from './run-choices.ts'

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
