/** What the file of a network says of its runs. */
export interface NetworkFacts {
  /** Tiles that every run takes; null where any number is taken, or nobody knows. */
  tilesPerRun: number | null
  /** Values that it holds at once for every voxel of its tiles, at the least; null where that is not known. */
  liveValues: number | null
  /** Bytes of such a value, at the least. */
  bytesPerValue: 2 | 4
}

/** What to tell who asked for another number of tiles than a network takes. */
export function fixedBatch(tilesPerRun: number, batch: number): string {
  const [takes, asked] = [tilesPerRun, batch].map((number) => `${number} ${number === 1 ? 'tile' : 'tiles'}`)
  return `The network takes ${takes} at a time and nothing else; ${asked} had been asked for.`
}

/** Of a network whose file says nothing. */
export const NO_FACTS: NetworkFacts = { tilesPerRun: null, liveValues: null, bytesPerValue: 4 }
