import type { Store } from '../state/store.ts'
import type { LabelStyle } from '../viewer/label-slots.ts'

/** The current run's labels as they are to be drawn: the model's colours unless the user chose others. */
export function labelStyles({ run, labelColors, hiddenLabels }: Store): LabelStyle[] {
  return (run?.labels ?? []).map(({ value, color }) => ({
    value,
    color: labelColors[value] ?? color,
    isVisible: !hiddenLabels.includes(value),
  }))
}
