import type { MaskView } from '../../../shared/contract/mask-view.ts'
import { MOST_KEPT_MEASUREMENTS, type ViewState } from '../../../shared/contract/preferences.ts'
import type { Store } from '../state/store.ts'
import type { Display } from '../viewer/display-map.ts'

// The contract takes no more.
const MOST_LABELS = 1000

/** How values become colours, as it is kept. */
export function keptDisplay({ isInverted, smoothingVox, hasSurfaces, ...others }: Display): ViewState['display'] {
  return { ...others, is_inverted: isInverted, smoothing_vox: smoothingVox, has_surfaces: hasSurfaces }
}

export function displayOf({
  is_inverted: isInverted,
  smoothing_vox: smoothingVox = 0,
  has_surfaces: hasSurfaces = false,
  ...others
}: NonNullable<ViewState['display']>): Display {
  return { ...others, isInverted, smoothingVox, hasSurfaces }
}

/** What was measured, as it is kept; the newest where there is too much. */
export function keptMeasurements({ measurements }: Pick<Store, 'measurements'>): ViewState['measurements'] {
  return measurements.slice(-MOST_KEPT_MEASUREMENTS).map(({ kind, acrossAxis, pointsXyz }) => ({
    kind,
    across_axis: acrossAxis,
    points_xyz: pointsXyz.map(([x, y, z]) => [x, y, z] as [number, number, number]),
  }))
}

/** Puts what was measured in a file before what has been measured in it since it was opened. */
export function restoreMeasurements(kept: ViewState['measurements'], store: () => Store): void {
  const found = kept?.map(({ kind, across_axis, points_xyz }) => ({
    kind,
    acrossAxis: across_axis,
    pointsXyz: points_xyz,
  }))
  if (found && found.length > 0) store().measurementsFound(found)
}

/** Which labels of the mask that is being corrected are hidden, and how strongly each covers; as it is kept. */
export function keptCorrected({
  mask,
  hiddenLabels,
  labelOpacities,
}: Pick<Store, 'mask' | 'hiddenLabels' | 'labelOpacities'>): ViewState['corrected'] {
  if (!mask) return undefined
  return {
    origin: originOf(mask),
    hidden_labels: hiddenLabels.slice(0, MOST_LABELS),
    opacities: Object.entries(labelOpacities)
      .slice(0, MOST_LABELS)
      .map(([value, opacity]) => ({ value: Number(value), opacity })),
  }
}

/** Looks at the labels of a mask as they were looked at before; nothing where that was another mask. */
export function restoreCorrected(kept: ViewState['corrected'], store: () => Store): void {
  const { mask, labelsHidden, labelOpacityChanged } = store()
  if (!mask || !kept || kept.origin !== originOf(mask)) return
  labelsHidden(kept.hidden_labels)
  for (const { value, opacity } of kept.opacities) labelOpacityChanged(value, opacity)
}

function originOf({ origin, origin_name }: MaskView): string {
  return `${origin} ${origin_name}`.slice(0, MOST_LABELS)
}
