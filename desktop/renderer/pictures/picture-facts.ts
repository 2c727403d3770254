import type { PictureFacts } from '../../../shared/contract/pictures.ts'
import type { ScreenshotChoice } from '../state/picture-slice.ts'
import type { Store } from '../state/store.ts'
import type { PictureOf } from '../viewer/picture-drawing.ts'
import type { MovieChoice } from './movie-plan.ts'
import type { Size } from './picture-size.ts'
import type { ScaleMark } from './scale-marks.ts'

/** What is shown over the volume now; null without a mask, or while it is hidden. */
export function maskOnShow({ mask, run, labelsOnShow, isMaskVisible, maskOpacity }: Store): PictureFacts['mask'] {
  if (!isMaskVisible) return null
  const name = mask ? mask.origin_name : run && labelsOnShow ? `${run.model_name}, ${run.volume_name}` : null
  return name === null ? null : { name: name.slice(0, 400), opacity: maskOpacity }
}

/** What every picture tells about itself. */
export function pictureFacts(
  store: Store,
  of: PictureOf,
  { width, height }: Size,
  choice: Pick<ScreenshotChoice, 'scale' | 'hasMask' | 'hasCrosshair' | 'hasMeasurements'>,
  marks: readonly ScaleMark[],
): PictureFacts {
  const { level, crosshairXyz, window: range, display, slab, layout } = store
  const inUnits = (share: number) => (level ? level.low + share * (level.high - level.low) : 0)
  return {
    ...{ kind: 'screenshot', frames: 1, frames_per_second: null, slices: null, turns: null },
    shown: of === 'shown' ? layout : of,
    width_px: width,
    height_px: height,
    scale: choice.scale,
    crosshair_xyz: crosshairXyz ? [crosshairXyz[0], crosshairXyz[1], crosshairXyz[2]] : null,
    window: { low: inUnits(range.low), high: inUnits(range.high) },
    colormap: display.colormap,
    gamma: display.gamma,
    is_inverted: display.isInverted,
    projection: display.projection,
    level_bin: level?.bin ?? 1,
    planes_together: slab.thickness,
    plane_projection: slab.projection,
    mask: choice.hasMask ? maskOnShow(store) : null,
    has_crosshair: choice.hasCrosshair,
    has_measurements: choice.hasMeasurements && store.measurements.length > 0,
    scale_bars: marks.map(({ shown, text, lengthPx }) => ({ shown, length: text, length_px: lengthPx })),
  }
}

/** What a movie tells beside that. */
export function movieFacts(
  choice: MovieChoice,
  numFrames: number,
  slices: { fileAxis: 0 | 1 | 2; indices: readonly number[] } | null,
): Partial<PictureFacts> {
  const { framesPerSecond, step, turns } = choice
  return {
    kind: choice.kind,
    frames: numFrames,
    frames_per_second: framesPerSecond,
    turns: slices ? null : turns,
    slices: slices && {
      file_axis: (['x', 'y', 'z'] as const)[slices.fileAxis],
      first: slices.indices[0],
      last: slices.indices[slices.indices.length - 1],
      step,
    },
  }
}
