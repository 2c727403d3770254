import type { LevelMessage } from '../../../shared/contract/volume-port.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/** Values as shares of a level's range. */
export interface Shares {
  low: number
  high: number
}

// As many lines along each axis: at 512 voxels a millisecond or two each.
const LINES_ALONG = 1024
// Shares of the lines that are darker, and brighter, than the window: noise and gold beads.
const CUT_LOW = 0.002
const CUT_HIGH = 0.995

/**
 * Where the largest, and the smallest, values along lines of sight lie. In a tomogram most lines meet a bright voxel of
 * noise: in the window of the voxels a projection of it is one white block.
 *
 * @param voxels of a level, z y x order
 * @returns null where all lines meet the same value
 */
export function projectionWindows(
  voxels: Uint8Array,
  shapeZyx: Zyx,
): { largest: Shares | null; smallest: Shares | null } {
  const [largest, smallest] = [new Uint32Array(256), new Uint32Array(256)]
  const strides = [shapeZyx[1] * shapeZyx[2], shapeZyx[2], 1]
  for (const axis of [0, 1, 2]) {
    const [first, second] = [0, 1, 2].filter((one) => one !== axis)
    const [firstStep, secondStep] = [first, second].map(
      (one) => shapeZyx[one] / Math.min(shapeZyx[one], Math.sqrt(LINES_ALONG)),
    )
    for (let a = firstStep / 2; a < shapeZyx[first]; a += firstStep)
      for (let b = secondStep / 2; b < shapeZyx[second]; b += secondStep) {
        const start = Math.floor(a) * strides[first] + Math.floor(b) * strides[second]
        const end = start + shapeZyx[axis] * strides[axis]
        let [most, least] = [0, 255]
        for (let at = start; at < end; at += strides[axis]) {
          const value = voxels[at]
          if (value > most) most = value
          if (value < least) least = value
        }
        largest[most]++
        smallest[least]++
      }
  }
  return { largest: between(largest, CUT_LOW, CUT_HIGH), smallest: between(smallest, 1 - CUT_HIGH, 1 - CUT_LOW) }
}

/** What projections need to know of a level. */
export function projectionFacts({
  voxels,
  shape_zyx,
  histogram,
}: Pick<LevelMessage, 'voxels' | 'shape_zyx' | 'histogram'>) {
  return { ...projectionWindows(voxels, shape_zyx), isDark: isDarkOnBright(histogram) }
}

/** The window of a projection that lies in its values as `shown` lies in those of the voxels, whose own is `auto`. */
export function projectionWindow(shown: Shares, auto: Shares, values: Shares | null): Shares {
  if (!values || auto.high <= auto.low) return shown
  const scale = (values.high - values.low) / (auto.high - auto.low)
  const at = (share: number) => values.low + (share - auto.low) * scale
  return { low: at(shown.low), high: at(shown.high) }
}

// Tomograms that show density dark come out at −0.2 … −0.7, other volumes above 0.
const DARK_SKEWNESS = -0.1

/** True where what is seen is darker than what is around it, as in a tomogram: its values reach further down than up. */
export function isDarkOnBright(histogram: readonly number[]): boolean {
  let [total, sum] = [0, 0]
  for (const [code, count] of histogram.entries()) {
    total += count
    sum += code * count
  }
  const mean = sum / total
  let [square, cube] = [0, 0]
  for (const [code, count] of histogram.entries()) {
    square += count * (code - mean) ** 2
    cube += count * (code - mean) ** 3
  }
  return square > 0 && cube / total / (square / total) ** 1.5 < DARK_SKEWNESS
}

function between(counts: Uint32Array, lowShare: number, highShare: number): Shares | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const codeAt = (share: number) => {
    let below = 0
    return counts.findIndex((count) => {
      below += count
      return below > share * total
    })
  }
  const [low, high] = [codeAt(lowShare), codeAt(highShare)]
  return high > low ? { low: low / 255, high: high / 255 } : null
}
