/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** Eight colours less black that people with colour vision deficiency tell apart. @see Okabe & Ito 2008, Color Universal Design */
const FIRST_COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7']

/** Degrees of hue between one label and the next: the golden angle, so that no two of many come to lie together. */
const HUE_STEP_DEGREES = 137.508

/** Lightness in turn, so that labels of nearly the same hue differ all the same. */
const LIGHTNESS = [0.55, 0.7, 0.42]

/** Bytes of a colour as model packages write it. @throws RangeError when it is not `#rrggbb` */
export function parseColor(color: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(color)) throw new RangeError(`${JSON.stringify(color)} is not a colour like #00c878`)
  const value = Number.parseInt(color.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/**
 * The colour of a label that no model names: always the same for the same label, never black.
 * @param label 1 to 65535; background has no colour
 * @returns `#rrggbb`, lower case
 */
export function defaultColor(label: number): string {
  if (label <= FIRST_COLORS.length) return FIRST_COLORS[label - 1]
  return colorOfHue((label * HUE_STEP_DEGREES) % 360, LIGHTNESS[label % LIGHTNESS.length])
}

/** HSL with a saturation of 70 %. @see CSS Color Module Level 4, section 7.1 */
function colorOfHue(hueDegrees: number, lightness: number): string {
  const spread = 0.7 * Math.min(lightness, 1 - lightness)
  const channel = (offset: number) => {
    const k = (offset + hueDegrees / 30) % 12
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return `#${[channel(0), channel(8), channel(4)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
