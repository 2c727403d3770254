import type { Zyx } from '../volume/zyx.ts'
import type { ScanTarget } from './plane-scan.ts'

/** What is known of one connected object of one label. */
export interface ObjectFacts {
  label: number
  voxels: number
  /** Smallest box of voxels around the object. */
  boundingBoxZyx: { start: Zyx; shape: Zyx }
  /** Mean voxel index; voxel centres sit on integer indices. */
  centroidZyx: Zyx
}

/** More objects than a table takes. */
export class TooManyObjects extends RangeError {}

/** Numbers kept per provisional object: voxels, sums of z, y, x, smallest z, y, x, largest z, y, x. */
const FACTS = 10

/**
 * Provisional objects of a scan: their labels, facts, and which of them are one object. About 90 bytes each.
 * @see union-find with path halving, Tarjan and van Leeuwen 1984
 */
export class ObjectTable implements ScanTarget {
  /** Objects in the table; their ids are 1 to `size`. */
  size = 0
  private readonly most: number
  /** `parent[id] <= id`; roots are their own parent, and the smallest id of their object. */
  private parent = new Uint32Array(1024)
  private labels = new Uint16Array(1024)
  private facts = new Float64Array(1024 * FACTS)
  /** What `keepOnly` gives; used again. */
  private newIds = new Uint32Array(1024)

  /** @param most objects that are taken */
  constructor(most: number) {
    this.most = most
  }

  /** Starts a provisional object. @throws {TooManyObjects} */
  start(label: number): number {
    if (this.size === this.most) throw new TooManyObjects(`more than ${this.most} provisional objects`)
    const id = ++this.size
    if (id >= this.parent.length) this.grow()
    this.parent[id] = id
    this.labels[id] = label
    this.facts.fill(0, id * FACTS, id * FACTS + 4)
    this.facts.fill(Number.POSITIVE_INFINITY, id * FACTS + 4, id * FACTS + 7)
    this.facts.fill(Number.NEGATIVE_INFINITY, id * FACTS + 7, id * FACTS + 10)
    return id
  }

  labelOf(id: number): number {
    return this.labels[id]
  }

  union(first: number, second: number): void {
    const a = this.root(first)
    const b = this.root(second)
    if (a < b) this.parent[b] = a
    else if (b < a) this.parent[a] = b
  }

  count(id: number, z: number, y: number, x: number, xEnd: number): void {
    const { facts } = this
    const at = id * FACTS
    const length = xEnd - x
    facts[at] += length
    facts[at + 1] += z * length
    facts[at + 2] += y * length
    facts[at + 3] += ((x + xEnd - 1) * length) / 2
    if (z < facts[at + 4]) facts[at + 4] = z
    if (y < facts[at + 5]) facts[at + 5] = y
    if (x < facts[at + 6]) facts[at + 6] = x
    if (z > facts[at + 7]) facts[at + 7] = z
    if (y > facts[at + 8]) facts[at + 8] = y
    if (xEnd - 1 > facts[at + 9]) facts[at + 9] = xEnd - 1
  }

  /** Smallest id of the object that this one belongs to. */
  root(id: number): number {
    const { parent } = this
    let at = id
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]]
      at = parent[at]
    }
    return at
  }

  /** Brings together at each root the facts of all that belong to it; more may be counted afterwards. */
  gather(): void {
    const { facts } = this
    for (let id = 1; id <= this.size; id++) {
      const root = this.root(id)
      if (root === id) continue
      const from = id * FACTS
      const to = root * FACTS
      for (let i = 0; i < 4; i++) {
        facts[to + i] += facts[from + i]
        facts[from + i] = 0
      }
      for (let i = 4; i < 7; i++) facts[to + i] = Math.min(facts[to + i], facts[from + i])
      for (let i = 7; i < 10; i++) facts[to + i] = Math.max(facts[to + i], facts[from + i])
    }
  }

  /** Voxels of an object. @param root after `gather` */
  voxelsOf(root: number): number {
    return this.facts[root * FACTS]
  }

  /** An object. @param root after `gather` */
  objectAt(root: number): ObjectFacts {
    const [voxels, z, y, x, z0, y0, x0, z1, y1, x1] = this.facts.subarray(root * FACTS, (root + 1) * FACTS)
    const boundingBoxZyx = { start: [z0, y0, x0] as const, shape: [z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1] as const }
    return { label: this.labels[root], voxels, boundingBoxZyx, centroidZyx: [z / voxels, y / voxels, x / voxels] }
  }

  /**
   * Forgets the objects that are not kept; the others get the ids 1, 2, … in the order that they had.
   * @param isKept by id, after `gather`; a root is kept where any part of it is
   * @returns the new id of each old one, 0 for 0 and those that are not kept; the parts of an object get the id of its
   *   root. Longer than the ids, and overwritten by the next call
   */
  keepOnly(isKept: Uint8Array): Uint32Array {
    const { size } = this
    if (this.newIds.length <= size) this.newIds = new Uint32Array(this.parent.length)
    const { newIds } = this
    let numKept = 0
    for (let id = 1; id <= size; id++) {
      const root = this.root(id)
      newIds[id] = isKept[root] === 0 ? 0 : root === id ? ++numKept : newIds[root]
    }
    for (let id = 1, kept = 0; id <= size; id++) {
      if (newIds[id] !== kept + 1) continue
      kept++
      this.parent[kept] = kept
      this.labels[kept] = this.labels[id]
      this.facts.copyWithin(kept * FACTS, id * FACTS, (id + 1) * FACTS)
    }
    this.size = numKept
    return newIds
  }

  /** Label of each id; 0 for id 0. A view that the next `start` may outdate. */
  allLabels(): Uint16Array {
    return this.labels.subarray(0, this.size + 1)
  }

  private grow(): void {
    const length = this.parent.length * 2
    const [parent, labels, facts] = [this.parent, this.labels, this.facts]
    this.parent = new Uint32Array(length)
    this.labels = new Uint16Array(length)
    this.facts = new Float64Array(length * FACTS)
    this.parent.set(parent)
    this.labels.set(labels)
    this.facts.set(facts)
  }
}
