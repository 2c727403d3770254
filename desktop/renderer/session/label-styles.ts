import type { Store } from '../state/store.ts'
import type { LabelStyle } from '../viewer/label-slots.ts'

/**
 * Labels as they are to be drawn: those of the mask that is being corrected, else of the current run, in the colours of
 * the model unless the user chose others.
 */
export function labelStyles({ mask, run, labelColors, hiddenLabels, labelOpacities }: Store): LabelStyle[] {
  return (mask?.labels ?? run?.labels ?? []).map(({ value, color }) => ({
    value,
    color: mask ? color : (labelColors[value] ?? color),
    isVisible: !hiddenLabels.includes(value),
    opacity: labelOpacities[value] ?? 1,
  }))
}
