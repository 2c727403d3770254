import type { Zyx } from '../volume/zyx.ts'

/** Voxels that touch: 6 by faces, 26 by faces, edges or corners. */
export type Connectivity = 6 | 26

/** What a scan needs of who keeps the provisional objects. */
export interface ScanTarget {
  /** Starts a provisional object. */
  start(label: number): number
  /** Label of a provisional object; 0 for id 0, the background. */
  labelOf(id: number): number
  /** Two provisional objects touch. */
  union(first: number, second: number): void
  /** A run of voxels [x, xEnd) of one provisional object. */
  count(id: number, z: number, y: number, x: number, xEnd: number): void
}

/**
 * Gives each voxel a provisional id: that of its first neighbour of the same label, in a fixed order, or a new one. It
 * does not depend on unions, so two scans of the same planes give the same ids.
 */
export class PlaneScan {
  /** Planes that were scanned. */
  planes = 0
  private readonly shapeZyx: Zyx
  private readonly widthVox: number
  private readonly sameOffsets: number[]
  private readonly beforeOffsets: number[]
  /** Ids with one voxel of background around the plane, so that no neighbour needs a check. */
  private before: Uint32Array
  private current: Uint32Array

  /** @throws RangeError when the shape is not three whole numbers >= 1 */
  constructor(shapeZyx: Zyx, connectivity: Connectivity) {
    if (!shapeZyx.every((size) => Number.isSafeInteger(size) && size >= 1))
      throw new RangeError(`a label map of ${shapeZyx.join(' × ')} voxels`)
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

  /** Other ids for the voxels of the latest plane, where the target gave its objects new ones. */
  renumber(newIds: Uint32Array): void {
    for (let i = 0; i < this.current.length; i++) this.current[i] = newIds[this.current[i]]
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
