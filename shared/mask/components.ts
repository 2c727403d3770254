import type { Zyx } from '../volume/zyx.ts'

/** Voxels that touch: 6 by faces, 26 by faces, edges or corners. */
export type Connectivity = 6 | 26

/** One connected object of one label. */
export interface MaskComponent {
  label: number
  /** 1, 2, … in the order of each object's first voxel (z, y, x order), over all labels. */
  id: number
  voxels: number
  /** Smallest box of voxels around the object. */
  boundingBoxZyx: { start: Zyx; shape: Zyx }
  /** Mean voxel index; voxel centres sit on integer indices. */
  centroidZyx: Zyx
}

/** Whether the object with this id stays. */
export type KeepComponent = (id: number) => boolean

/** Provisional objects that are counted at most: about 2.9 GB of tables. Structured masks stay far below. */
export const MOST_PROVISIONAL = 32 * 1024 * 1024

/** Numbers kept per provisional object: voxels, sums of z, y, x, smallest z, y, x, largest z, y, x. */
const FACTS = 10

/**
 * Connected objects of a label map, each label on its own, from planes in ascending z; the volume is never held.
 * States: adding (`add` once per plane) → complete (all planes in: `components`, `secondPass`).
 *
 * Memory: two planes and about 90 bytes per provisional object, which are more than the final ones: every voxel without
 * a neighbour of its label before it in z, y, x order starts one, and unions join them later.
 *
 * @see Rosenfeld and Pfaltz 1966, two-pass labelling; union-find with path halving, Tarjan and van Leeuwen 1984
 */
export class ComponentFinder {
  private readonly shapeZyx: Zyx
  private readonly connectivity: Connectivity
  private readonly scan: PlaneScan
  /** `parent[id] <= id`; roots are their own parent, and the smallest id of their object. */
  private parent = new Uint32Array(1024)
  private labels = new Uint16Array(1024)
  private facts = new Float64Array(1024 * FACTS)
  private numProvisional = 0

  /** @throws RangeError when the shape is not three whole numbers >= 1 */
  constructor(shapeZyx: Zyx, connectivity: Connectivity = 26) {
    if (!shapeZyx.every((size) => Number.isSafeInteger(size) && size >= 1))
      throw new RangeError(`a label map of ${shapeZyx.join(' × ')} voxels`)
    this.shapeZyx = shapeZyx
    this.connectivity = connectivity
    this.scan = new PlaneScan(shapeZyx, connectivity)
  }

  /**
   * First pass: the next plane, y, x order, labels 0 (background) to 65535. Not kept, not changed.
   * @throws RangeError for a plane of another size, a plane too many, more than `MOST_PROVISIONAL` provisional objects
   */
  add(plane: ArrayLike<number>): void {
    this.scan.next(plane, this)
  }

  /** Called by the scan: starts a provisional object. */
  start(label: number): number {
    const id = ++this.numProvisional
    if (id > MOST_PROVISIONAL) throw new RangeError(`more than ${MOST_PROVISIONAL} provisional objects`)
    if (id >= this.parent.length) this.grow()
    this.parent[id] = id
    this.labels[id] = label
    this.facts.fill(Number.POSITIVE_INFINITY, id * FACTS + 4, id * FACTS + 7)
    this.facts.fill(Number.NEGATIVE_INFINITY, id * FACTS + 7, id * FACTS + 10)
    return id
  }

  /** Called by the scan: the label of a provisional object; 0 for id 0, the background. */
  labelOf(id: number): number {
    return this.labels[id]
  }

  /** Called by the scan: two provisional objects touch. */
  union(first: number, second: number): void {
    const a = this.root(first)
    const b = this.root(second)
    if (a < b) this.parent[b] = a
    else if (b < a) this.parent[a] = b
  }

  /** Called by the scan: a run of voxels [x, xEnd) of one provisional object. */
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

  /** All objects, ascending by id. @throws RangeError while planes are missing */
  components(): MaskComponent[] {
    const { ids, numComponents } = this.finalIds()
    const sums = new Float64Array((numComponents + 1) * FACTS)
    const labels = new Uint16Array(numComponents + 1)
    for (let id = 1; id <= this.numProvisional; id++) {
      labels[ids[id]] = this.labels[id]
      addFacts(sums, ids[id] * FACTS, this.facts, id * FACTS, this.parent[id] === id)
    }
    return Array.from({ length: numComponents }, (_, index) => componentOf(index + 1, labels[index + 1], sums))
  }

  /**
   * Second pass over the same planes, which gives each voxel the id of its object. May be asked for more than once.
   * @throws RangeError while planes are missing
   */
  secondPass(): ComponentPlanes {
    const { ids } = this.finalIds()
    const labels = this.labels.subarray(0, this.numProvisional + 1)
    return new ComponentPlanes(new PlaneScan(this.shapeZyx, this.connectivity), ids, labels)
  }

  private root(id: number): number {
    const { parent } = this
    let at = id
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]]
      at = parent[at]
    }
    return at
  }

  /** Final id of each provisional one. Roots are the smallest of their object, so they come first. */
  private finalIds(): { ids: Uint32Array; numComponents: number } {
    if (this.scan.planes !== this.shapeZyx[0])
      throw new RangeError(`${this.scan.planes} of ${this.shapeZyx[0]} planes were added`)
    const ids = new Uint32Array(this.numProvisional + 1)
    let numComponents = 0
    for (let id = 1; id <= this.numProvisional; id++) {
      const root = this.root(id)
      ids[id] = root === id ? ++numComponents : ids[root]
    }
    return { ids, numComponents }
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

/**
 * Ids of the objects plane by plane, for planes that are the same as in the first pass.
 * States: reading (`next` once per plane, ascending z) → done.
 */
export class ComponentPlanes {
  private readonly scan: PlaneScan
  private readonly ids: Uint32Array
  private readonly labels: Uint16Array
  private numProvisional = 0

  /** Made by `ComponentFinder.secondPass`. @param ids final id of each provisional one */
  constructor(scan: PlaneScan, ids: Uint32Array, labels: Uint16Array) {
    this.scan = scan
    this.ids = ids
    this.labels = labels
  }

  /**
   * Id of the object of each voxel of the next plane, y, x order; 0 is background. The array belongs to the caller.
   * @throws RangeError when the planes differ from those of the first pass
   */
  next(plane: ArrayLike<number>): Uint32Array {
    const found = this.scan.next(plane, this)
    for (let i = 0; i < found.length; i++) found[i] = this.ids[found[i]]
    return found
  }

  start(label: number): number {
    const id = ++this.numProvisional
    if (this.labels[id] !== label) throw new RangeError('the planes of the second pass differ from those of the first')
    return id
  }

  labelOf(id: number): number {
    return this.labels[id]
  }

  union(): void {}

  count(): void {}
}

/**
 * Keeps the largest object of each label (ties: the lower id).
 * @param labels labels that are filtered; the others keep all their objects. Default: every label
 */
export function keepLargest(components: readonly MaskComponent[], labels?: Iterable<number>): KeepComponent {
  const filtered = labels && new Set(labels)
  const largest = new Map<number, MaskComponent>()
  for (const one of components) {
    const best = largest.get(one.label)
    if (!best || one.voxels > best.voxels) largest.set(one.label, one)
  }
  return keeping(components, (one) => (filtered && !filtered.has(one.label)) || largest.get(one.label) === one)
}

/**
 * Keeps the objects of at least `voxels` voxels.
 * @param labels labels that are filtered; the others keep all their objects. Default: every label
 */
export function removeSmallerThan(
  components: readonly MaskComponent[],
  voxels: number,
  labels?: Iterable<number>,
): KeepComponent {
  const filtered = labels && new Set(labels)
  return keeping(components, (one) => (filtered && !filtered.has(one.label)) || one.voxels >= voxels)
}

/** Sets voxels to background, in place, whose object does not stay. @param ids of `ComponentPlanes.next` */
export function filterPlane(
  plane: { readonly length: number; [index: number]: number },
  ids: Uint32Array,
  keep: KeepComponent,
) {
  for (let i = 0; i < plane.length; i++) if (plane[i] !== 0 && !keep(ids[i])) plane[i] = 0
}

function keeping(
  components: readonly MaskComponent[],
  isKept: (one: MaskComponent) => boolean | undefined,
): KeepComponent {
  const kept = new Uint8Array(components.length + 1)
  for (const one of components) kept[one.id] = isKept(one) ? 1 : 0
  return (id) => kept[id] === 1
}

/** What a scan needs of who keeps the provisional objects. */
interface ScanTarget {
  start(label: number): number
  labelOf(id: number): number
  union(first: number, second: number): void
  count(id: number, z: number, y: number, x: number, xEnd: number): void
}

/**
 * Gives each voxel a provisional id: that of its first neighbour of the same label, in a fixed order, or a new one. It
 * does not depend on unions, so two scans of the same planes give the same ids.
 */
class PlaneScan {
  planes = 0
  private readonly shapeZyx: Zyx
  private readonly widthVox: number
  private readonly sameOffsets: number[]
  private readonly beforeOffsets: number[]
  /** Ids with one voxel of background around the plane, so that no neighbour needs a check. */
  private before: Uint32Array
  private current: Uint32Array

  constructor(shapeZyx: Zyx, connectivity: Connectivity) {
    this.shapeZyx = shapeZyx
    const width = shapeZyx[2] + 2
    this.widthVox = width
    this.before = new Uint32Array(width * (shapeZyx[1] + 2))
    this.current = new Uint32Array(this.before.length)
    this.sameOffsets = connectivity === 6 ? [-1, -width] : [-1, -width - 1, -width, -width + 1]
    this.beforeOffsets = connectivity === 6 ? [0] : [-width, 0, width].flatMap((row) => [row - 1, row, row + 1])
  }

  /** Provisional ids of the next plane, without the border; a new array. */
  next(plane: ArrayLike<number>, target: ScanTarget): Uint32Array {
    const [nz, ny, nx] = this.shapeZyx
    if (plane.length !== ny * nx) throw new RangeError(`a plane of ${plane.length} voxels, not ${ny} × ${nx}`)
    if (this.planes === nz) throw new RangeError(`more than ${nz} planes`)
    const swap = this.before
    this.before = this.current
    this.current = swap.fill(0)
    const out = new Uint32Array(ny * nx)
    for (let y = 0; y < ny; y++) this.scanRow(plane, y, target, out)
    this.planes++
    return out
  }

  private scanRow(plane: ArrayLike<number>, y: number, target: ScanTarget, out: Uint32Array): void {
    const nx = this.shapeZyx[2]
    const row = y * nx
    const start = (y + 1) * this.widthVox + 1
    for (let x = 0; x < nx; ) {
      const label = plane[row + x]
      if (label === 0) {
        x++
        continue
      }
      const runStart = x
      const id = this.idOf(start + x, label, target)
      for (; x < nx && plane[row + x] === label; x++) {
        this.current[start + x] = id
        if (x > runStart) this.join(start + x, id, label, target)
        out[row + x] = id
      }
      target.count(id, this.planes, y, runStart, x)
    }
  }

  /** Id of the first voxel of a run: that of a neighbour before it, or a new one. */
  private idOf(at: number, label: number, target: ScanTarget): number {
    let id = 0
    for (const offset of this.sameOffsets) {
      const other = this.current[at + offset]
      if (other !== 0 && target.labelOf(other) === label) id = this.merge(id, other, target)
    }
    for (const offset of this.beforeOffsets) {
      const other = this.before[at + offset]
      if (other !== 0 && target.labelOf(other) === label) id = this.merge(id, other, target)
    }
    return id === 0 ? target.start(label) : id
  }

  private merge(id: number, other: number, target: ScanTarget): number {
    if (id === 0) return other
    if (id !== other) target.union(id, other)
    return id
  }

  /** A later voxel of a run has its id already; its other neighbours may belong to other provisional objects. */
  private join(at: number, id: number, label: number, target: ScanTarget): void {
    for (const offset of this.sameOffsets) {
      const other = this.current[at + offset]
      if (other !== 0 && other !== id && target.labelOf(other) === label) target.union(id, other)
    }
    for (const offset of this.beforeOffsets) {
      const other = this.before[at + offset]
      if (other !== 0 && other !== id && target.labelOf(other) === label) target.union(id, other)
    }
  }
}

function addFacts(sums: Float64Array, to: number, facts: Float64Array, from: number, isFirst: boolean): void {
  for (let i = 0; i < 4; i++) sums[to + i] += facts[from + i]
  for (let i = 4; i < 7; i++) sums[to + i] = isFirst ? facts[from + i] : Math.min(sums[to + i], facts[from + i])
  for (let i = 7; i < 10; i++) sums[to + i] = isFirst ? facts[from + i] : Math.max(sums[to + i], facts[from + i])
}

function componentOf(id: number, label: number, sums: Float64Array): MaskComponent {
  const [voxels, z, y, x, z0, y0, x0, z1, y1, x1] = sums.subarray(id * FACTS, (id + 1) * FACTS)
  const boundingBoxZyx = { start: [z0, y0, x0] as const, shape: [z1 - z0 + 1, y1 - y0 + 1, x1 - x0 + 1] as const }
  return { label, id, voxels, boundingBoxZyx, centroidZyx: [z / voxels, y / voxels, x / voxels] }
}
