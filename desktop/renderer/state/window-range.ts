/** Limits of the display window as shares of the level's range of values, 0 <= low < high <= 1. */
export interface WindowRange {
  low: number
  high: number
}

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

function codeWithShareBelow(histogram: readonly number[], limit: number): number {
  let below = 0
  for (let code = 0; code < histogram.length; code++) {
    below += histogram[code]
    if (below > limit) return code
  }
  return 0
}
