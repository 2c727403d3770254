import type { TakeRun } from './plane-axes.ts'

/**
 * Voxels of a slice whose centre is inside a polygon, by the even-odd rule. An edge through a centre belongs to the
 * polygon at its left and lower side only, so that neighbouring polygons share no voxel.
 *
 * @param polygon  at least three corners [column, row], voxel indices; closed by itself
 * @param numRows, numColumns of the slice; what is beyond is left out
 */
export function polygonVoxels(
  polygon: readonly (readonly [number, number])[],
  numRows: number,
  numColumns: number,
  take: TakeRun,
): void {
  const rows = polygon.map(([, row]) => row)
  const first = Math.max(0, Math.ceil(Math.min(...rows)))
  const last = Math.min(numRows - 1, Math.floor(Math.max(...rows)))
  for (let row = first; row <= last; row++) {
    const crossings = crossingsOf(polygon, row)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i]))
      const to = Math.min(numColumns, Math.ceil(crossings[i + 1]))
      if (from < to) take(row, from, to)
    }
  }
}

/** Columns where the polygon's edges cross a row, ascending; an edge holds its lower end and not its upper one. */
function crossingsOf(polygon: readonly (readonly [number, number])[], row: number): number[] {
  const found: number[] = []
  for (const [i, [column, at]] of polygon.entries()) {
    const [nextColumn, nextAt] = polygon[(i + 1) % polygon.length]
    if (at <= row === nextAt <= row) continue
    found.push(column + ((row - at) / (nextAt - at)) * (nextColumn - column))
  }
  return found.sort((a, b) => a - b)
}
