import type { OpenedVolume } from '../../../../shared/contract/bridge.ts'
import type { ModelSummary } from '../../../../shared/contract/models.ts'
import { inUnit } from '../../../../shared/volume/length-units.ts'
import { UNIT_SIGNS } from '../../ui/voxel-size.ts'

/** What the voxel size of a volume means for a model. */
export interface SpacingNote {
  text: string
  /** The result is likely to be wrong. */
  isWarning: boolean
}

/** Beyond this ratio a model that does not resample is shown things of a size that it was not trained on; the server warns there, too. */
const FAR_RATIO = 1.2

/** Beyond this ratio the volume is of another kind, and one unit for both would only hide that. */
const OTHER_KIND_RATIO = 1000

/** The model's spacing against the volume's; null where the model works at any. */
export function spacingNote(
  { spacing: { target_zyx: target, unit, policy } }: Pick<ModelSummary, 'spacing'>,
  volume: Pick<OpenedVolume, 'voxel_size_zyx' | 'unit'>,
): SpacingNote | null {
  if (policy === 'any' || target === null || unit === null) return null
  const sign = UNIT_SIGNS[unit]
  const wanted = `${sizes(target)} ${sign}`
  if (volume.voxel_size_zyx === null || volume.unit === null)
    return { text: `The file does not say its voxel size; the model expects ${wanted}.`, isWarning: true }
  const ownUnit = volume.unit
  const found = volume.voxel_size_zyx.map((size) => inUnit(size, ownUnit, unit))
  const ratio = Math.max(...found.map((size, axis) => Math.max(size / target[axis], target[axis] / size)))
  const isOtherKind = ratio >= OTHER_KIND_RATIO
  const own = isOtherKind ? `${sizes(volume.voxel_size_zyx)} ${UNIT_SIGNS[volume.unit]}` : `${sizes(found)} ${sign}`
  const both = `Voxels are ${own}, the model expects ${wanted}`
  if (policy === 'resample') return { text: `${both}: the volume is resampled for it.`, isWarning: ratio > 4 }
  if (ratio <= FAR_RATIO) return { text: `${both}.`, isWarning: false }
  if (isOtherKind) return { text: `${both}: it was not made for such volumes.`, isWarning: true }
  const isFiner = found.every((size, axis) => size < target[axis])
  const advice = isFiner ? 'Bin the volume to that size first, or expect a poor mask.' : 'Expect a poor mask.'
  return { text: `${both}: ${ratio.toFixed(1)} times apart. ${advice}`, isWarning: true }
}

function sizes(values: readonly number[]): string {
  const texts = values.map((value) => String(Number(value.toPrecision(3))))
  return texts.every((text) => text === texts[0]) ? texts[0] : texts.join(' × ')
}
