import type { Zyx } from '../volume/zyx.ts'
import { type ObjectFacts, ObjectTable } from './object-table.ts'
import type { PlaneRuns } from './plane-runs.ts'
import { PlaneScan } from './plane-scan.ts'

/** Objects listed at most for one label. */
export const MOST_LISTED = 1000

/** Objects listed at most for all labels together, under 100 MB on the way: masks with very many labels list fewer of each. */
export const MOST_LISTED_IN_ALL = 100_000

/**
 * Objects that may reach into a plane, with those that begin in it: about 550 MB. Noise of 4096 × 4096 voxels a plane
 * stays below. One less than a power of two, since ids begin at 1 and tables double.
 */
export const MOST_OPEN = 4 * 1024 * 1024 - 1

/** Objects of one label. */
export interface LabelObjects {
  numObjects: number
  /** The largest, largest first; of the same size by the start of their boxes, then by centroid (z, y, x). */
  largest: ObjectFacts[]
}

/** Limits of a census; the defaults are `MOST_LISTED`, `MOST_LISTED_IN_ALL` and `MOST_OPEN`. */
export interface CensusLimits {
  mostListed?: number
  mostListedInAll?: number
  mostOpen?: number
}

/**
 * Counts the connected objects of each label (neighbours by faces, edges or corners) and keeps the largest, from planes in
 * ascending z. An object that has no voxel in the latest plane is complete and leaves the table, so memory grows with
 * the plane and not with the number of objects.
 * States: adding (`add` once per plane) → complete (`objects`).
 */
export class ObjectCensus {
  private readonly scan: PlaneScan
  private readonly table: ObjectTable
  private readonly numPlanes: number
  private readonly lists = new Map<number, LargestObjects>()
  private readonly limits: Required<CensusLimits>
  /** By id, longer than the table; used again from plane to plane. */
  private isOpen = new Uint8Array(1024)

  constructor(shapeZyx: Zyx, limits: CensusLimits = {}) {
    this.limits = { mostListed: MOST_LISTED, mostListedInAll: MOST_LISTED_IN_ALL, mostOpen: MOST_OPEN, ...limits }
    this.numPlanes = shapeZyx[0]
    this.scan = new PlaneScan(shapeZyx, 26)
    this.table = new ObjectTable(this.limits.mostOpen)
  }

  /**
   * The next plane. @param runs read again in the next call; their ids are written
   * @throws {TooManyObjects} more than `mostOpen` at once: the census is of no use then
   * @throws RangeError for a plane too many
   */
  add(runs: PlaneRuns): void {
    const { scan, table } = this
    scan.next(runs, table)
    table.gather()
    const isOpen = this.openObjects(runs)
    for (let id = 1; id <= table.size; id++)
      if (isOpen[id] === 0 && table.root(id) === id) this.listOf(table.labelOf(id)).take(table, id)
    const newIds = table.keepOnly(isOpen)
    for (let run = 0; run < runs.size; run++) runs.ids[run] = newIds[runs.ids[run]]
  }

  /** Objects per label that occurs, ascending. @throws RangeError while planes are missing */
  objects(): Map<number, LabelObjects> {
    if (this.scan.planes < this.numPlanes)
      throw new RangeError(`${this.scan.planes} of ${this.numPlanes} planes were added`)
    const sorted = [...this.lists].sort(([a], [b]) => a - b)
    return new Map(sorted.map(([label, list]) => [label, { numObjects: list.numObjects, largest: list.sorted() }]))
  }

  /** 1 for the ids in the latest plane, and for the roots of these, where more planes come. */
  private openObjects(runs: PlaneRuns): Uint8Array {
    const { table } = this
    if (this.isOpen.length <= table.size) this.isOpen = new Uint8Array(2 * table.size)
    const isOpen = this.isOpen.fill(0, 0, table.size + 1)
    if (this.scan.planes === this.numPlanes) return isOpen
    for (let run = 0; run < runs.size; run++) isOpen[runs.ids[run]] = 1
    for (let id = 1; id <= table.size; id++) if (isOpen[id] === 1) isOpen[table.root(id)] = 1
    return isOpen
  }

  /** A new label may lower the share of all, which only makes a list a prefix of what it was. */
  private listOf(label: number): LargestObjects {
    const found = this.lists.get(label)
    if (found) return found
    const shareOf = (numLabels: number) =>
      Math.min(this.limits.mostListed, Math.max(1, Math.floor(this.limits.mostListedInAll / numLabels)))
    const most = shareOf(this.lists.size + 1)
    if (most < shareOf(this.lists.size)) for (const list of this.lists.values()) list.lower(most)
    const list = new LargestObjects(most)
    this.lists.set(label, list)
    return list
  }
}

/** The largest objects of one label. */
class LargestObjects {
  numObjects = 0
  private most: number
  /** Sorted up to `most` after a trim; up to as many again come after it, unsorted. */
  private objects: ObjectFacts[] = []
  /** Voxels of the smallest that stays, once there are `most`. */
  private fewestVoxels = 0

  constructor(most: number) {
    this.most = most
  }

  take(table: ObjectTable, root: number): void {
    this.numObjects++
    if (table.voxelsOf(root) < this.fewestVoxels) return
    this.objects.push(table.objectAt(root))
    if (this.objects.length >= 2 * this.most) this.trim()
  }

  lower(most: number): void {
    this.most = most
    this.trim()
  }

  sorted(): ObjectFacts[] {
    this.trim()
    return this.objects
  }

  private trim(): void {
    this.objects.sort(compareObjects)
    this.objects.length = Math.min(this.objects.length, this.most)
    if (this.objects.length === this.most) this.fewestVoxels = this.objects[this.most - 1].voxels
  }
}

/** Largest first; the rest makes the order the same however the objects were found. */
function compareObjects(a: ObjectFacts, b: ObjectFacts): number {
  if (a.voxels !== b.voxels) return b.voxels - a.voxels
  return compareZyx(a.boundingBoxZyx.start, b.boundingBoxZyx.start) || compareZyx(a.centroidZyx, b.centroidZyx)
}

function compareZyx(a: Zyx, b: Zyx): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
