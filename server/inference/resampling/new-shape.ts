import { roundHalfEven } from '../../../shared/volume/round-half-even.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/** nnU-Net's ANISO_THRESHOLD: highest over lowest spacing above which the coarse axis is resampled separately. */
export const DEFAULT_ANISOTROPY_THRESHOLD = 3

/**
 * Shape of a volume once resampled: size · old / new spacing per axis, rounded half to even, at least 1.
 *
 * @param shapeZyx      Voxels before.
 * @param oldSpacingZyx Spacing before; any unit, the same for both.
 * @param newSpacingZyx Spacing after.
 * @see nnunetv2/preprocessing/resampling/default_resampling.py, compute_new_shape
 */
export function resampledShape(shapeZyx: Zyx, oldSpacingZyx: Zyx, newSpacingZyx: Zyx): Zyx {
  // Divided before multiplied, as nnU-Net does: at an exact half the other order may round differently.
  const resampled = (axis: 0 | 1 | 2) =>
    Math.max(1, roundHalfEven((oldSpacingZyx[axis] / newSpacingZyx[axis]) * shapeZyx[axis]))
  return [resampled(0), resampled(1), resampled(2)]
}

/**
 * The axis (0 = z, 1 = y, 2 = x) to be resampled apart from the other two, or null when all three go together.
 *
 * The old spacing decides when it is anisotropic, else the new one; two coarse axes, or none, mean null.
 *
 * @param threshold Highest over lowest spacing must exceed it.
 * @param force     True: always (by the old spacing); false: never; null: nnU-Net's rule.
 * @see nnunetv2/preprocessing/resampling/default_resampling.py, determine_do_sep_z_and_axis
 */
export function separateAxis(
  oldSpacingZyx: Zyx,
  newSpacingZyx: Zyx,
  threshold: number = DEFAULT_ANISOTROPY_THRESHOLD,
  force: boolean | null = null,
): 0 | 1 | 2 | null {
  if (force !== null) return force ? coarseAxis(oldSpacingZyx) : null
  if (anisotropy(oldSpacingZyx) > threshold) return coarseAxis(oldSpacingZyx)
  if (anisotropy(newSpacingZyx) > threshold) return coarseAxis(newSpacingZyx)
  return null
}

function anisotropy(spacingZyx: Zyx): number {
  return Math.max(...spacingZyx) / Math.min(...spacingZyx)
}

/** The only axis of the highest spacing; null when several share it. */
function coarseAxis(spacingZyx: Zyx): 0 | 1 | 2 | null {
  const highest = Math.max(...spacingZyx)
  const axes = ([0, 1, 2] as const).filter((axis) => spacingZyx[axis] === highest)
  return axes.length === 1 ? axes[0] : null
}
