import type { Zyx } from '../volume/zyx.ts'
import { foregroundFrom, wordsOf } from './foreground.ts'

/** Labels are 0 (background) to 65535. */
export const NUM_LABELS = 65536

/**
 * Runs of one foreground label along the rows of a plane, in y, x order: run `i` covers the columns [starts[i], ends[i]),
 * the runs of row y are [rows[y], rows[y + 1]). Written by `RunReader`; the arrays are longer than `size`.
 */
export class PlaneRuns {
  size = 0
  readonly rows: Uint32Array
  starts = new Int32Array(0)
  ends = new Int32Array(0)
  labels = new Uint16Array(0)
  /** Object of each run; written by whoever looks for objects. */
  ids = new Uint32Array(0)

  /** No runs. */
  constructor(numRows: number) {
    this.rows = new Uint32Array(numRows + 1)
  }

  /** Appends a run to the row that is being read. */
  push(label: number, start: number, end: number): void {
    if (this.size === this.starts.length) this.grow(Math.max(1024, 2 * this.size))
    this.starts[this.size] = start
    this.ends[this.size] = end
    this.labels[this.size] = label
    this.size++
  }

  private grow(length: number): void {
    const { starts, ends, labels } = this
    this.starts = new Int32Array(length)
    this.ends = new Int32Array(length)
    this.labels = new Uint16Array(length)
    this.ids = new Uint32Array(length)
    this.starts.set(starts)
    this.ends.set(ends)
    this.labels.set(labels)
  }
}

/** Finds the runs of planes of one size. Two planes of runs are held and used in turn. */
export class RunReader {
  private readonly numRows: number
  private readonly rowVox: number
  private runs: PlaneRuns
  private lastRuns: PlaneRuns

  /** @param shapeZyx of the volume. @throws RangeError when it is not three whole numbers >= 1 */
  constructor(shapeZyx: Zyx) {
    if (!shapeZyx.every((size) => Number.isSafeInteger(size) && size >= 1))
      throw new RangeError(`a label map of ${shapeZyx.join(' × ')} voxels`)
    const [, ny, nx] = shapeZyx
    this.numRows = ny
    this.rowVox = nx
    this.runs = new PlaneRuns(ny)
    this.lastRuns = new PlaneRuns(ny)
  }

  /**
   * The runs of a plane; they stay as they are until the call after the next.
   * @param plane y, x order, labels 0 to 65535. Not kept. @throws RangeError for a plane of another size
   */
  read(plane: ArrayLike<number>): PlaneRuns {
    const { numRows, rowVox } = this
    const planeVox = numRows * rowVox
    if (plane.length !== planeVox) throw new RangeError(`a plane of ${plane.length} voxels, not ${numRows} × ${rowVox}`)
    const words = wordsOf(plane)
    const runs = this.turn()
    let at = foregroundFrom(plane, words, 0, planeVox)
    for (let y = 0, row = 0; y < numRows; y++, row += rowVox) {
      runs.rows[y] = runs.size
      const rowEnd = row + rowVox
      while (at < rowEnd) {
        const start = at
        const label = plane[start]
        do at++
        while (at < rowEnd && plane[at] === label)
        runs.push(label, start - row, at - row)
        if (at < planeVox && plane[at] === 0) at = foregroundFrom(plane, words, at, planeVox)
      }
    }
    runs.rows[numRows] = runs.size
    return runs
  }

  private turn(): PlaneRuns {
    const runs = this.lastRuns
    this.lastRuns = this.runs
    this.runs = runs
    runs.size = 0
    return runs
  }
}
