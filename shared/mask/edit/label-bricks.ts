import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { packRuns, unpackRuns } from './packed-runs.ts'

/** Voxels along each side of a brick. */
export const BRICK = 64
export const BRICK_VOXELS = BRICK ** 3

// 128 MB of unpacked bricks: a layer of 1024 × 1024 voxels, so that reading plane by plane unpacks each once.
const MOST_UNPACKED = 256

/**
 * A label map at full resolution as bricks of 64 × 64 × 64 voxels, each kept as one label or as packed runs, so that no
 * array grows with the volume and empty space costs nothing. Voxels of a brick beyond the volume are always 0.
 */
export class LabelBricks {
  readonly shapeZyx: Zyx
  /** Bricks along each axis. */
  readonly gridZyx: Zyx
  /** One label, or packed runs. */
  private readonly bricks: (number | Uint8Array)[]
  /** Bricks that were read or replaced lately, oldest first. */
  private readonly unpacked = new Map<number, Uint16Array>()
  /** Of these, the ones that were replaced and are packed once they leave: a stroke replaces the same ones many times. */
  private readonly unstored = new Set<number>()
  private packedBytes = 0

  /** An empty map. @throws RangeError when the shape is not three whole numbers >= 1 */
  constructor(shapeZyx: Zyx) {
    if (!shapeZyx.every((size) => Number.isSafeInteger(size) && size >= 1))
      throw new RangeError(`a label map of ${shapeZyx.join(' × ')} voxels`)
    this.shapeZyx = shapeZyx
    this.gridZyx = shapeZyx.map((size) => Math.ceil(size / BRICK)) as unknown as Zyx
    this.bricks = new Array<number | Uint8Array>(numVoxels(this.gridZyx)).fill(0)
  }

  get numBricks(): number {
    return this.bricks.length
  }

  /** Memory of the packed bricks; up to 128 MB of unpacked ones come to it. */
  get sizeBytes(): number {
    return this.packedBytes
  }

  /** Number of the brick that holds a voxel. */
  brickAt(z: number, y: number, x: number): number {
    const [, gy, gx] = this.gridZyx
    return ((z >> 6) * gy + (y >> 6)) * gx + (x >> 6)
  }

  /** First voxel of a brick. */
  startOf(brick: number): Zyx {
    const [, gy, gx] = this.gridZyx
    return [Math.floor(brick / (gx * gy)) * BRICK, (Math.floor(brick / gx) % gy) * BRICK, (brick % gx) * BRICK]
  }

  /** Voxels of a brick that lie in the volume, along each axis. */
  extentOf(brick: number): Zyx {
    return this.startOf(brick).map((start, axis) => Math.min(BRICK, this.shapeZyx[axis] - start)) as unknown as Zyx
  }

  /** The label of a brick that is known to hold no other; else null. */
  onlyLabelOf(brick: number): number | null {
    if (this.unstored.has(brick)) return null
    const stored = this.bricks[brick]
    return typeof stored === 'number' ? stored : null
  }

  /** Labels of a brick, z, y, x order, 64 × 64 × 64. Shared: not to be changed, and of no use after `replace`. */
  read(brick: number): Uint16Array {
    const known = this.unpacked.get(brick)
    if (known) {
      this.unpacked.delete(brick)
      this.unpacked.set(brick, known)
      return known
    }
    const labels = new Uint16Array(BRICK_VOXELS)
    const stored = this.bricks[brick]
    if (typeof stored !== 'number') unpackRuns(stored, labels)
    else if (stored !== 0) labels.fill(stored)
    this.remember(brick, labels)
    return labels
  }

  /** Puts other labels into a brick. They belong to the map from now on. */
  replace(brick: number, labels: Uint16Array): void {
    this.unpacked.delete(brick)
    this.unstored.add(brick)
    this.remember(brick, labels)
  }

  /** The stored form of a brick, for a snapshot. */
  packedOf(brick: number): number | Uint8Array {
    this.storeReplaced(brick)
    return this.bricks[brick]
  }

  /** Takes a brick as `packedOf` gave it. @throws RangeError when it is damaged */
  restore(brick: number, stored: number | Uint8Array): void {
    if (typeof stored !== 'number') unpackRuns(stored, new Uint16Array(BRICK_VOXELS))
    this.forget(brick)
    this.store(brick, stored)
  }

  /** Label of a voxel inside the volume. */
  at(z: number, y: number, x: number): number {
    const brick = this.brickAt(z, y, x)
    return this.onlyLabelOf(brick) ?? this.read(brick)[offsetIn(z, y, x)]
  }

  /** Labels of a box inside the volume, z, y, x order. The array belongs to the caller. */
  readBox(startZyx: Zyx, shapeZyx: Zyx): Uint16Array {
    const out = new Uint16Array(numVoxels(shapeZyx))
    this.eachRow(startZyx, shapeZyx, (brick, offset, length, to) => {
      const only = this.onlyLabelOf(brick)
      if (only === null) out.set(this.read(brick).subarray(offset, offset + length), to)
      else if (only !== 0) out.fill(only, to, to + length)
    })
    return out
  }

  /** Another map with the same labels; packed bricks are shared, since they are never changed in place. */
  copy(): LabelBricks {
    for (const brick of this.unstored) this.storeReplaced(brick)
    const copy = new LabelBricks(this.shapeZyx)
    for (const [brick, stored] of this.bricks.entries()) copy.bricks[brick] = stored
    copy.packedBytes = this.packedBytes
    return copy
  }

  /** Fills a box that begins and ends at borders of bricks or of the volume; for loading. */
  load(startZyx: Zyx, shapeZyx: Zyx, labels: ArrayLike<number>): void {
    const open = new Map<number, Uint16Array>()
    this.eachRow(startZyx, shapeZyx, (brick, offset, length, from) => {
      const target = open.get(brick) ?? new Uint16Array(BRICK_VOXELS)
      open.set(brick, target)
      for (let i = 0; i < length; i++) target[offset + i] = labels[from + i]
    })
    for (const [brick, target] of open) {
      this.forget(brick)
      this.store(brick, packed(target))
    }
  }

  /** The parts of a box's rows that lie in one brick each: brick, offset in it, voxels, offset in the box. */
  private eachRow(
    [z0, y0, x0]: Zyx,
    [nz, ny, nx]: Zyx,
    take: (brick: number, offset: number, length: number, at: number) => void,
  ): void {
    for (let bx = x0; bx < x0 + nx; bx = (bx | 63) + 1) {
      const length = Math.min((bx | 63) + 1, x0 + nx) - bx
      for (let z = z0; z < z0 + nz; z++)
        for (let y = y0; y < y0 + ny; y++)
          take(this.brickAt(z, y, bx), offsetIn(z, y, bx), length, ((z - z0) * ny + y - y0) * nx + bx - x0)
    }
  }

  private store(brick: number, next: number | Uint8Array): void {
    const before = this.bricks[brick]
    if (typeof before !== 'number') this.packedBytes -= before.length
    if (typeof next !== 'number') this.packedBytes += next.length
    this.bricks[brick] = next
  }

  private storeReplaced(brick: number): void {
    const labels = this.unpacked.get(brick)
    if (this.unstored.delete(brick) && labels) this.store(brick, packed(labels))
  }

  private forget(brick: number): void {
    this.unpacked.delete(brick)
    this.unstored.delete(brick)
  }

  private remember(brick: number, labels: Uint16Array): void {
    this.unpacked.set(brick, labels)
    if (this.unpacked.size <= MOST_UNPACKED) return
    for (const oldest of this.unpacked.keys()) {
      this.storeReplaced(oldest)
      this.unpacked.delete(oldest)
      return
    }
  }
}

/** Where a voxel of the volume lies in its brick. */
export function offsetIn(z: number, y: number, x: number): number {
  return ((z & 63) << 12) | ((y & 63) << 6) | (x & 63)
}

function packed(labels: Uint16Array): number | Uint8Array {
  const first = labels[0]
  for (let i = 1; i < labels.length; i++) if (labels[i] !== first) return packRuns(labels)
  return first
}
