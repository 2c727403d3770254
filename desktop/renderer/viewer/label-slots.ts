/** One label as it is drawn. */
export interface LabelStyle {
  value: number
  /** `#rrggbb` */
  color: string
  isVisible: boolean
  /** Of this label alone, 0 to 1; multiplies that of all labels. Absent: 1. */
  opacity?: number
}

/** Display slot that the shader hatches. */
export const UNKNOWN_SLOT = 255
/** Display slot of values that no style names, where slots follow the order of the styles. */
const OTHER_SLOT = 254
const OTHER_COLOR = '#b0b0b0'

/** How values become slots: `value` takes bytes as they are; `order` gives style i the slot i + 1. */
export type SlotRule = 'value' | 'order'

/**
 * The rule for labels of a type. Bytes need no look at each voxel, unless a finished mask has the label 255, which as a
 * slot means "not computed yet".
 */
export function slotRule(
  labels: Uint8Array | Uint16Array,
  styles: readonly LabelStyle[],
  hasUnknown: boolean,
): SlotRule {
  if (labels instanceof Uint16Array) return 'order'
  return !hasUnknown && styles.some((style) => style.value === UNKNOWN_SLOT) ? 'order' : 'value'
}

/**
 * Label values as display slots.
 *
 * @param labels     Values as in the file. Changed in place and returned when they are bytes.
 * @param hasUnknown True when the largest value of the type means "not computed yet".
 */
export function slotsOf<T extends ArrayBufferLike>(
  labels: Uint8Array<T> | Uint16Array<T>,
  styles: readonly LabelStyle[],
  hasUnknown: boolean,
): Uint8Array<ArrayBufferLike> {
  if (labels instanceof Uint8Array && slotRule(labels, styles, hasUnknown) === 'value') return labels
  const table = new Uint8Array(labels instanceof Uint8Array ? 256 : 65_536).fill(OTHER_SLOT)
  table[0] = 0
  for (const [index, style] of styles.slice(0, OTHER_SLOT - 1).entries())
    if (style.value < table.length) table[style.value] = index + 1
  if (hasUnknown) table[table.length - 1] = UNKNOWN_SLOT
  const slots = labels instanceof Uint8Array ? labels : new Uint8Array(labels.length)
  for (let i = 0; i < labels.length; i++) slots[i] = table[labels[i]]
  return slots
}

/** Labels of a finished mask as display slots by the rule that is in use. A new array. */
export function planeSlots(labels: Uint16Array, styles: readonly LabelStyle[], rule: SlotRule): Uint8Array {
  return rule === 'value' ? Uint8Array.from(labels) : slotsOf(labels, styles, false)
}

/** Colours of the 256 slots, red, green, blue, alpha; hidden labels, background and "not computed" are transparent. */
export function slotColors(styles: readonly LabelStyle[], rule: SlotRule): Uint8ClampedArray {
  const lut = new Uint8ClampedArray(256 * 4)
  const paint = (slot: number, color: string, opacity: number) => {
    const rgb = Number.parseInt(color.slice(1), 16)
    lut.set([rgb >> 16, (rgb >> 8) & 255, rgb & 255, Math.round(255 * opacity)], slot * 4)
  }
  for (let slot = rule === 'value' ? 1 : OTHER_SLOT; slot <= OTHER_SLOT; slot++) paint(slot, OTHER_COLOR, 1)
  for (const [index, style] of styles.slice(0, OTHER_SLOT - 1).entries()) {
    const slot = rule === 'value' ? style.value : index + 1
    if (slot < UNKNOWN_SLOT) paint(slot, style.color, style.isVisible ? (style.opacity ?? 1) : 0)
  }
  return lut
}
