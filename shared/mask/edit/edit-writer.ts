import { BRICK_VOXELS, type LabelBricks, offsetIn } from './label-bricks.ts'
import { type BrickChange, differenceOf, type MaskChange, putChange } from './mask-change.ts'

// 128 MB: bricks that an operation has begun to change and not yet compared with what they were; a row of any volume.
const MOST_OPEN = 128

interface OpenBrick {
  before: Uint16Array
  now: Uint16Array
  /** First and last place that may have been changed. */
  first: number
  last: number
}

/** Which labels an operation may put other labels over: any that is not locked, background only, or one label. */
export type PaintOver = 'any' | 'background' | number

/** By label: 1 where a voxel that has it may get another. Locked labels are 0, whatever else is asked for. */
export function changeableLabels(over: PaintOver, locked: ReadonlySet<number>): Uint8Array {
  const table = new Uint8Array(65_536).fill(over === 'any' ? 1 : 0)
  if (over === 'background') table[0] = 1
  else if (over !== 'any') table[over] = 1
  for (const label of locked) table[label] = 0
  return table
}

/**
 * Carries one operation into the map and notes what it changed. Voxels beyond the volume are left out.
 * States: writing → `finish` (the change stands) or `rollBack` (nothing happened).
 */
export class EditWriter {
  private readonly bricks: LabelBricks
  private readonly changeable: Uint8Array
  private readonly open = new Map<number, OpenBrick>()
  private readonly changes: BrickChange[] = []
  private readonly gained = new Map<number, number>()
  private numVoxels = 0

  /** @param changeable of `changeableLabels` */
  constructor(bricks: LabelBricks, changeable: Uint8Array) {
    this.bricks = bricks
    this.changeable = changeable
  }

  /** Gives a label to the voxels [x, xEnd) of a row. */
  setRun(z: number, y: number, x: number, xEnd: number, label: number): void {
    const [nz, ny, nx] = this.bricks.shapeZyx
    if (z < 0 || y < 0 || z >= nz || y >= ny) return
    const end = Math.min(xEnd, nx)
    for (let at = Math.max(0, x); at < end; at = (at | 63) + 1) {
      const brick = this.bricks.brickAt(z, y, at)
      if (!this.canChange(brick, label)) continue
      const first = offsetIn(z, y, at)
      const last = offsetIn(z, y, Math.min((at | 63) + 1, end) - 1)
      const { now } = this.opened(brick, first, last)
      for (let i = first; i <= last; i++) if (this.changeable[now[i]] === 1) now[i] = label
    }
  }

  /** Gives each voxel of a row its own label; where the old or the new one may not be changed, the old one stays. */
  setRow(z: number, y: number, labels: ArrayLike<number>): void {
    for (let x = 0; x < labels.length; x = (x | 63) + 1) {
      const length = Math.min((x | 63) + 1, labels.length) - x
      const brick = this.bricks.brickAt(z, y, x)
      const offset = offsetIn(z, y, x)
      const seen = this.open.get(brick)?.now ?? this.bricks.read(brick)
      let i = 0
      while (i < length && seen[offset + i] === labels[x + i]) i++
      if (i === length) continue
      const { now } = this.opened(brick, offset, offset + length - 1)
      for (; i < length; i++)
        if (this.changeable[now[offset + i]] === 1 && this.changeable[labels[x + i]] === 1)
          now[offset + i] = labels[x + i]
    }
  }

  /** Gives a label to the voxels of a brick whose bit is set. @param bits 64 × 64 × 64 bits, z, y, x order */
  setBits(brick: number, bits: Uint32Array, label: number): void {
    if (!this.canChange(brick, label)) return
    const { now } = this.opened(brick, 0, BRICK_VOXELS - 1)
    for (let word = 0; word < bits.length; word++) {
      if (bits[word] === 0) continue
      for (let bit = 0; bit < 32; bit++) {
        const at = word * 32 + bit
        if ((bits[word] >>> bit) & 1 && this.changeable[now[at]] === 1) now[at] = label
      }
    }
  }

  /** Gives all voxels of one label in a brick another. */
  relabelBrick(brick: number, from: number, to: number): void {
    const only = this.bricks.onlyLabelOf(brick)
    if ((only !== null && only !== from) || this.changeable[from] !== 1) return
    const { now } = this.opened(brick, 0, BRICK_VOXELS - 1)
    for (let i = 0; i < BRICK_VOXELS; i++) if (now[i] === from) now[i] = to
  }

  /** What was changed. */
  finish(): MaskChange {
    for (const brick of [...this.open.keys()]) this.seal(brick)
    return { bricks: this.changes, gained: this.gained, numVoxels: this.numVoxels }
  }

  /** Leaves the map as it was before the operation. */
  rollBack(): void {
    this.open.clear()
    putChange(this.bricks, { bricks: this.changes, gained: this.gained, numVoxels: this.numVoxels }, 'before')
  }

  /** False where a brick of one label would stay what it is. */
  private canChange(brick: number, label: number): boolean {
    if (this.open.has(brick)) return true
    const only = this.bricks.onlyLabelOf(brick)
    return only === null || (only !== label && this.changeable[only] === 1)
  }

  private opened(brick: number, first: number, last: number): OpenBrick {
    const known = this.open.get(brick)
    if (known) {
      if (first < known.first) known.first = first
      if (last > known.last) known.last = last
      return known
    }
    if (this.open.size >= MOST_OPEN)
      for (const oldest of this.open.keys()) {
        this.seal(oldest)
        break
      }
    const before = this.bricks.read(brick)
    const opened = { before, now: before.slice(), first, last }
    this.open.set(brick, opened)
    return opened
  }

  private seal(brick: number): void {
    const opened = this.open.get(brick)
    this.open.delete(brick)
    const found = opened && differenceOf(this.bricks, { brick, ...opened }, this.gained)
    if (!opened || !found) return
    this.changes.push(found.change)
    this.numVoxels += found.numVoxels
    this.bricks.replace(brick, opened.now)
  }
}
