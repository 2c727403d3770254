/** Limits of the display window as shares of the level's range of values, 0 <= low < high <= 1. */
export interface WindowRange {
  low: number
  high: number
}

/** A level has 256 values: a window narrower than one step shows nothing. */
export const NARROWEST_WINDOW = 1 / 255

// Leaves out noise spikes and gold beads, which would make everything else grey.
const CUT_SHARE = 0.004

/** The window that leaves out the darkest and the brightest few voxels. Codes 0 and 255 hold what was cut before. */
export function autoWindow(histogram: readonly number[]): WindowRange {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  const last = histogram.length - 1
  const low = codeWithShareBelow(histogram, total * CUT_SHARE)
  const high = last - codeWithShareBelow([...histogram].reverse(), total * CUT_SHARE)
  return high > low ? { low: low / last, high: high / last } : { low: 0, high: 1 }
}

/** The window with another black end, as near to the one asked for as the white end lets it. */
export function withLow({ high }: WindowRange, low: number): WindowRange {
  return { low: Math.max(0, Math.min(low, high - NARROWEST_WINDOW)), high }
}

/** The window with another white end, as near to the one asked for as the black end lets it. */
export function withHigh({ low }: WindowRange, high: number): WindowRange {
  return { low, high: Math.min(1, Math.max(high, low + NARROWEST_WINDOW)) }
}

/** The window moved as a whole: it stops at the ends of the range and keeps its width. */
export function movedBy({ low, high }: WindowRange, by: number): WindowRange {
  const moved = Math.max(-low, Math.min(by, 1 - high))
  return { low: low + moved, high: high + moved }
}

function codeWithShareBelow(histogram: readonly number[], limit: number): number {
  let below = 0
  for (let code = 0; code < histogram.length; code++) {
    below += histogram[code]
    if (below > limit) return code
  }
  return 0
}
