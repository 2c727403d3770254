const NUM_COLORS = 256
/** Levels of a channel that are told apart when a colour is looked up: finer than a palette of 256 can be. */
const BITS = 7
const LEVELS = 2 ** BITS
const SHIFT = 8 - BITS

interface Shade {
  rgb: readonly [number, number, number]
  count: number
}

/**
 * The 256 colours that stand best for some pictures: boxes of colours are halved where they are widest (median cut), and
 * each gives its mean. Frames of a movie share one palette, so that nothing flickers.
 * @see P. Heckbert, Color image quantization for frame buffer display, SIGGRAPH 1982
 */
export class Palette {
  private readonly counts = new Uint32Array(LEVELS ** 3)
  private readonly found = new Int16Array(LEVELS ** 3).fill(-1)
  private made: Uint8Array | null = null

  /** Counts the colours of a picture, RGBA, before the first is looked up. */
  learn(rgba: ArrayLike<number>): void {
    for (let at = 0; at < rgba.length; at += 4) this.counts[slotOf(rgba[at], rgba[at + 1], rgba[at + 2])]++
    this.made = null
    this.found.fill(-1)
  }

  /** Three bytes a colour; colours that are not needed are black. */
  get colors(): Uint8Array {
    this.made ??= medianCut(this.counts)
    return this.made
  }

  /** The nearest colour of the palette for each pixel. @param indices filled, one byte a pixel */
  lookUp(rgba: ArrayLike<number>, indices: Uint8Array): void {
    const { colors, found } = this
    for (let pixel = 0, at = 0; pixel < indices.length; pixel++, at += 4) {
      const slot = slotOf(rgba[at], rgba[at + 1], rgba[at + 2])
      if (found[slot] < 0) found[slot] = nearest(colors, rgbOf(slot))
      indices[pixel] = found[slot]
    }
  }
}

function slotOf(red: number, green: number, blue: number): number {
  return ((red >> SHIFT) << (2 * BITS)) | ((green >> SHIFT) << BITS) | (blue >> SHIFT)
}

/** The colour of a slot; the darkest is black, the brightest white. */
function rgbOf(slot: number): [number, number, number] {
  const full = (level: number) => Math.round((level * 255) / (LEVELS - 1))
  return [full(slot >> (2 * BITS)), full((slot >> BITS) & (LEVELS - 1)), full(slot & (LEVELS - 1))]
}

function nearest(colors: Uint8Array, [red, green, blue]: readonly [number, number, number]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY]
  for (let index = 0, at = 0; index < NUM_COLORS; index++, at += 3) {
    const distance = (colors[at] - red) ** 2 + (colors[at + 1] - green) ** 2 + (colors[at + 2] - blue) ** 2
    if (distance < least) [best, least] = [index, distance]
  }
  return best
}

function medianCut(counts: Uint32Array): Uint8Array {
  const shades: Shade[] = []
  for (let slot = 0; slot < counts.length; slot++)
    if (counts[slot] > 0) shades.push({ rgb: rgbOf(slot), count: counts[slot] })
  const boxes = shades.length > 0 ? [boxOf(shades)] : []
  while (boxes.length < NUM_COLORS) {
    const widest = boxes.reduce((best, box, index) => (box.weight > (boxes[best]?.weight ?? 0) ? index : best), 0)
    if (!boxes[widest] || boxes[widest].weight === 0) break
    const [box] = boxes.splice(widest, 1)
    boxes.push(...halves(box))
  }
  const colors = new Uint8Array(NUM_COLORS * 3)
  for (const [index, box] of boxes.entries()) colors.set(meanOf(box.shades), index * 3)
  return colors
}

interface ShadeBox {
  shades: Shade[]
  /** The channel in which its colours differ most. */
  channel: 0 | 1 | 2
  /** How much is gained by halving it; 0 for a single colour. */
  weight: number
}

function boxOf(shades: Shade[]): ShadeBox {
  const widths = ([0, 1, 2] as const).map((channel) => {
    let [low, high] = [255, 0]
    for (const { rgb } of shades) [low, high] = [Math.min(low, rgb[channel]), Math.max(high, rgb[channel])]
    return high - low
  })
  const channel = widths.indexOf(Math.max(...widths)) as 0 | 1 | 2
  const total = shades.reduce((sum, { count }) => sum + count, 0)
  // Many pixels that differ little are seen as bands: wide boxes come first, and among them the full ones.
  return { shades, channel, weight: shades.length < 2 ? 0 : widths[channel] ** 2 * Math.sqrt(total) }
}

function halves({ shades, channel }: ShadeBox): [ShadeBox, ShadeBox] {
  const sorted = shades.sort((a, b) => a.rgb[channel] - b.rgb[channel])
  const half = sorted.reduce((sum, { count }) => sum + count, 0) / 2
  let [below, at] = [0, 0]
  while (at < sorted.length - 1 && below + sorted[at].count <= half) below += sorted[at++].count
  const cut = Math.max(1, at)
  return [boxOf(sorted.slice(0, cut)), boxOf(sorted.slice(cut))]
}

function meanOf(shades: readonly Shade[]): [number, number, number] {
  const total = shades.reduce((sum, { count }) => sum + count, 0)
  const mean = (channel: 0 | 1 | 2) =>
    Math.round(shades.reduce((sum, { rgb, count }) => sum + rgb[channel] * count, 0) / total)
  return [mean(0), mean(1), mean(2)]
}
