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
/** Display slot of values that no style names. */
const OTHER_SLOT = 254
const OTHER_COLOR = '#b0b0b0'

/**
 * Label values as display slots: style i gets slot i + 1, background 0, anything else the slot for others.
 *
 * @param labels     Values as in the file. Changed in place and returned when they are bytes.
 * @param hasUnknown True when the largest value of the type means "not computed yet".
 */
export function slotsOf(
  labels: Uint8Array | Uint16Array,
  styles: readonly LabelStyle[],
  hasUnknown: boolean,
): Uint8Array {
  const table = new Uint8Array(labels instanceof Uint8Array ? 256 : 65_536).fill(OTHER_SLOT)
  table[0] = 0
  for (const [index, style] of styles.slice(0, OTHER_SLOT - 1).entries())
    if (style.value < table.length) table[style.value] = index + 1
  if (hasUnknown) table[table.length - 1] = UNKNOWN_SLOT
  const slots = labels instanceof Uint8Array ? labels : new Uint8Array(labels.length)
  for (let i = 0; i < labels.length; i++) slots[i] = table[labels[i]]
  return slots
}

/** Colours of the 256 slots, red, green, blue, alpha; hidden labels, background and "not computed" are transparent. */
export function slotColors(styles: readonly LabelStyle[]): Uint8ClampedArray {
  const lut = new Uint8ClampedArray(256 * 4)
  const paint = (slot: number, color: string, opacity: number) => {
    const rgb = Number.parseInt(color.slice(1), 16)
    lut.set([rgb >> 16, (rgb >> 8) & 255, rgb & 255, Math.round(255 * opacity)], slot * 4)
  }
  for (const [index, { color, isVisible, opacity }] of styles.slice(0, OTHER_SLOT - 1).entries())
    paint(index + 1, color, isVisible ? (opacity ?? 1) : 0)
  paint(OTHER_SLOT, OTHER_COLOR, 1)
  return lut
}
