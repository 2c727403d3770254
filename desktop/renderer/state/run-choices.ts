import type { JobParams, RegionOfInterest } from '../../../shared/contract/jobs.ts'
import type { ModelSummary } from '../../../shared/contract/models.ts'

type Axis = ModelSummary['mirror_axes_allowed'][number]

/** What the user chose for the next run; null leaves it to the model. */
export interface RunChoices {
  /** Largest distance between neighbouring tiles as a share of the tile, 0 to 1. */
  step: number | null
  mirrorAxes: readonly Axis[]
  /** Probability that a voxel must reach, 0 to 1. */
  threshold: number | null
  smallestObjectVoxels: number | null
  roiZyx: RegionOfInterest | null
  isDraftWanted: boolean
  isProbabilityKept: boolean
}

export const NO_CHOICES: RunChoices = {
  step: null,
  mirrorAxes: [],
  threshold: null,
  smallestObjectVoxels: null,
  roiZyx: null,
  isDraftWanted: false,
  isProbabilityKept: true,
}

/** The parameters of a job: what differs from the model's own. Axes that the model does not mirror stay out. */
export function jobParamsOf(choices: RunChoices, model: Pick<ModelSummary, 'mirror_axes_allowed'>): JobParams {
  const { step, threshold, smallestObjectVoxels, roiZyx } = choices
  const mirror_axes = choices.mirrorAxes.filter((axis) => model.mirror_axes_allowed.includes(axis))
  return {
    ...(step === null ? {} : { step }),
    ...(mirror_axes.length === 0 ? {} : { mirror_axes }),
    ...(threshold === null ? {} : { threshold }),
    ...(smallestObjectVoxels === null ? {} : { smallest_object_voxels: smallestObjectVoxels }),
    ...(roiZyx === null ? {} : { roi_zyx: roiZyx }),
    ...(choices.isDraftWanted ? { draft: true } : {}),
    ...(choices.isProbabilityKept ? {} : { probability: false }),
  }
}

/** How many choices differ from the model's own: told while they are folded away. */
export function numChanged(choices: RunChoices, model: Pick<ModelSummary, 'mirror_axes_allowed'>): number {
  return Object.keys(jobParamsOf(choices, model)).length
}
