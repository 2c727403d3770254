import type { Zyx } from '../volume/zyx.ts'
import { type ObjectFacts, ObjectTable } from './object-table.ts'
import { RunReader } from './plane-runs.ts'
import { type Connectivity, PlaneScan } from './plane-scan.ts'

/** One connected object of one label. */
export interface MaskComponent extends ObjectFacts {
  /** 1, 2, … in the order of each object's first voxel (z, y, x order), over all labels. */
  id: number
}

/** Whether the object with this id stays. */
export type KeepComponent = (id: number) => boolean

/** Provisional objects that are counted at most: about 2.9 GB of tables. Structured masks stay far below. */
export const MOST_PROVISIONAL = 32 * 1024 * 1024

/**
 * Connected objects of a label map, each label on its own, from planes in ascending z; the volume is never held.
 * States: adding (`add` once per plane) → complete (all planes in: `components`, `secondPass`).
 *
 * Memory: the runs of two planes and about 90 bytes per provisional object, which are more than the final ones: every voxel without
 * a neighbour of its label before it in z, y, x order starts one, and unions join them later.
 *
 * @see Rosenfeld and Pfaltz 1966, two-pass labelling
 */
export class ComponentFinder {
  private readonly shapeZyx: Zyx
  private readonly connectivity: Connectivity
  private readonly reader: RunReader
  private readonly scan: PlaneScan
  private readonly table = new ObjectTable(MOST_PROVISIONAL)

  /** @throws RangeError when the shape is not three whole numbers >= 1 */
  constructor(shapeZyx: Zyx, connectivity: Connectivity = 26) {
    this.shapeZyx = shapeZyx
    this.connectivity = connectivity
    this.reader = new RunReader(shapeZyx)
    this.scan = new PlaneScan(shapeZyx, connectivity)
  }

  /**
   * First pass: the next plane, y, x order, labels 0 (background) to 65535. Not kept, not changed.
   * @throws RangeError for a plane of another size, a plane too many, more than `MOST_PROVISIONAL` provisional objects
   */
  add(plane: ArrayLike<number>): void {
    this.scan.next(this.reader.read(plane), this.table)
  }

  /** All objects, ascending by id. @throws RangeError while planes are missing */
  components(): MaskComponent[] {
    this.checkComplete()
    this.table.gather()
    const components: MaskComponent[] = []
    for (let at = 1; at <= this.table.size; at++)
      if (this.table.root(at) === at) components.push({ ...this.table.objectAt(at), id: components.length + 1 })
    return components
  }

  /**
   * Second pass over the same planes, which gives each voxel the id of its object. May be asked for more than once.
   * @throws RangeError while planes are missing
   */
  secondPass(): ComponentPlanes {
    this.checkComplete()
    const scan = new PlaneScan(this.shapeZyx, this.connectivity)
    return new ComponentPlanes(new RunReader(this.shapeZyx), scan, this.finalIds(), this.table.allLabels())
  }

  private checkComplete(): void {
    if (this.scan.planes !== this.shapeZyx[0])
      throw new RangeError(`${this.scan.planes} of ${this.shapeZyx[0]} planes were added`)
  }

  /** Final id of each provisional one. Roots are the smallest of their object, so they come first. */
  private finalIds(): Uint32Array {
    const ids = new Uint32Array(this.table.size + 1)
    let numComponents = 0
    for (let id = 1; id < ids.length; id++) {
      const root = this.table.root(id)
      ids[id] = root === id ? ++numComponents : ids[root]
    }
    return ids
  }
}

/**
 * Ids of the objects plane by plane, for planes that are the same as in the first pass.
 * States: reading (`next` once per plane, ascending z) → done.
 */
export class ComponentPlanes {
  private readonly reader: RunReader
  private readonly scan: PlaneScan
  private readonly ids: Uint32Array
  private readonly labels: Uint16Array
  private numProvisional = 0

  /** Made by `ComponentFinder.secondPass`. @param ids final id of each provisional one */
  constructor(reader: RunReader, scan: PlaneScan, ids: Uint32Array, labels: Uint16Array) {
    this.reader = reader
    this.scan = scan
    this.ids = ids
    this.labels = labels
  }

  /**
   * Id of the object of each voxel of the next plane, y, x order; 0 is background. The array belongs to the caller.
   * @throws RangeError when the planes differ from those of the first pass
   */
  next(plane: ArrayLike<number>): Uint32Array {
    const runs = this.reader.read(plane)
    this.scan.next(runs, this)
    const numRows = runs.rows.length - 1
    const rowVox = plane.length / numRows
    const out = new Uint32Array(plane.length)
    for (let y = 0; y < numRows; y++)
      for (let run = runs.rows[y]; run < runs.rows[y + 1]; run++) {
        const id = this.ids[runs.ids[run]]
        const end = y * rowVox + runs.ends[run]
        for (let at = y * rowVox + runs.starts[run]; at < end; at++) out[at] = id
      }
    return out
  }

  start(label: number): number {
    const id = ++this.numProvisional
    if (this.labels[id] !== label) throw new RangeError('the planes of the second pass differ from those of the first')
    return id
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
