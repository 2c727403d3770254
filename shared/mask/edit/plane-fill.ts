import type { TakeRun } from './plane-axes.ts'

/**
 * Voxels of a slice that have the seed's label and are connected with it by edges.
 *
 * @param slice labels in rows and columns. Not changed.
 * @param most  voxels that are taken at most
 * @returns number of voxels; above `most` as soon as there are more, and then nothing was taken
 */
export function connectedInPlane(
  slice: ArrayLike<number>,
  numColumns: number,
  seed: { row: number; column: number },
  most: number,
  take: TakeRun,
): number {
  const numRows = slice.length / numColumns
  const label = slice[seed.row * numColumns + seed.column]
  const isTaken = new Uint8Array(slice.length)
  const isOpen = (row: number, column: number) =>
    slice[row * numColumns + column] === label && isTaken[row * numColumns + column] === 0
  const runs: [number, number, number][] = []
  const waiting: [number, number][] = [[seed.row, seed.column]]
  let count = 0
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [row, column] = next
    if (!isOpen(row, column)) continue
    let [from, to] = [column, column + 1]
    while (from > 0 && isOpen(row, from - 1)) from--
    while (to < numColumns && isOpen(row, to)) to++
    isTaken.fill(1, row * numColumns + from, row * numColumns + to)
    runs.push([row, from, to])
    count += to - from
    if (count > most) return count
    for (const other of [row - 1, row + 1])
      if (other >= 0 && other < numRows)
        for (let at = from; at < to; at++)
          if (isOpen(other, at) && (at === from || !isOpen(other, at - 1))) waiting.push([other, at])
  }
  for (const [row, from, to] of runs) take(row, from, to)
  return count
}
