import type { Zyx } from '../volume/zyx.ts'
import { PlaneRuns } from './plane-runs.ts'

/** Voxels that touch: 6 by faces, 26 by faces, edges or corners. */
export type Connectivity = 6 | 26

/** What a scan needs of who keeps the provisional objects. */
export interface ScanTarget {
  /** Starts a provisional object. */
  start(label: number): number
  /** Two provisional objects touch. */
  union(first: number, second: number): void
  /** A run of voxels [x, xEnd) of one provisional object. */
  count(id: number, z: number, y: number, x: number, xEnd: number): void
}

/**
 * Gives each run of voxels a provisional id: that of the first neighbour of its first voxel, in a fixed order, that has
 * the same label, or a new one. It does not depend on unions, so two scans of the same planes give the same ids.
 */
export class PlaneScan {
  /** Planes that were scanned. */
  planes = 0
  private readonly shapeZyx: Zyx
  /** Rows with neighbours that come before: one of the same plane, then those of the plane before. */
  private readonly nearRows: readonly NearRow[]
  private before: PlaneRuns

  constructor(shapeZyx: Zyx, connectivity: Connectivity) {
    this.shapeZyx = shapeZyx
    const reach = connectivity === 6 ? 0 : 1
    const offsets = connectivity === 6 ? [-1, 0] : [-1, -1, 0, 1]
    this.nearRows = offsets.map((offset) => new NearRow(offset, reach))
    this.before = new PlaneRuns(shapeZyx[1])
  }

  /** Sets the provisional ids of the runs of the next plane. @param runs read again in the next call, with their ids */
  next(runs: PlaneRuns, target: ScanTarget): void {
    const [nz, ny] = this.shapeZyx
    if (this.planes === nz) throw new RangeError(`more than ${nz} planes`)
    for (let y = 0; y < ny; y++) if (runs.rows[y] < runs.rows[y + 1]) this.scanRow(runs, y, target)
    this.before = runs
    this.planes++
  }

  private scanRow(runs: PlaneRuns, y: number, target: ScanTarget): void {
    const { nearRows } = this
    for (let i = 0; i < nearRows.length; i++) nearRows[i].open(i === 0 ? runs : this.before, y)
    for (let run = runs.rows[y]; run < runs.rows[y + 1]; run++) {
      const label = runs.labels[run]
      const start = runs.starts[run]
      const end = runs.ends[run]
      let id = 0
      for (let i = 0; i < nearRows.length && id === 0; i++) id = nearRows[i].idAt(start, label)
      if (id === 0) id = target.start(label)
      runs.ids[run] = id
      for (let i = 0; i < nearRows.length; i++) nearRows[i].unite(start, end, label, id, target)
      target.count(id, this.planes, y, start, end)
    }
  }
}

/** The runs of a row that come before those of another row beside it and touch them, from left to right. */
class NearRow {
  private readonly offset: number
  /** Columns that a run reaches beyond its ends. */
  private readonly reach: number
  private runs = new PlaneRuns(0)
  private at = 0
  private end = 0

  constructor(offset: number, reach: number) {
    this.offset = offset
    this.reach = reach
  }

  /** The row beside row `y`; without runs beyond the plane. */
  open(runs: PlaneRuns, y: number): void {
    const row = y + this.offset
    const isInside = row >= 0 && row < runs.rows.length - 1
    this.runs = runs
    this.at = isInside ? runs.rows[row] : 0
    this.end = isInside ? runs.rows[row + 1] : 0
  }

  /** Id of the first run of this label that touches the voxel at `x`, or 0. @param x ascending from call to call */
  idAt(x: number, label: number): number {
    const { runs, end, reach } = this
    this.skipTo(x)
    for (let run = this.at; run < end && runs.starts[run] <= x + reach; run++)
      if (runs.labels[run] === label) return runs.ids[run]
    return 0
  }

  /** Unites an object with all runs of its label that touch its run [x, xEnd). */
  unite(x: number, xEnd: number, label: number, id: number, target: ScanTarget): void {
    const { runs, end, reach } = this
    this.skipTo(x)
    for (let run = this.at; run < end && runs.starts[run] < xEnd + reach; run++)
      if (runs.labels[run] === label && runs.ids[run] !== id) target.union(id, runs.ids[run])
  }

  /** Runs that end before a run reaches column `x` touch no later one either. */
  private skipTo(x: number): void {
    const { runs, end, reach } = this
    while (this.at < end && runs.ends[this.at] + reach <= x) this.at++
  }
}
