import type { Zyx } from '../volume/zyx.ts'
import { foregroundFrom, wordsOf } from './foreground.ts'

/** Labels as they are stored: uint8 up to label 254, else uint16. */
export type LabelArray = Uint8Array | Uint16Array

/** Name of the rule of `blockLabel`, as previews announce it. */
export const PREVIEW_RULE = 'bold_quarter'

/** Shape of a grid of blocks of `factor` voxels: ceil of the source's shape over the factor. */
export function blockGridShape(sourceShapeZyx: Zyx, factor: number): [number, number, number] {
  return sourceShapeZyx.map((size) => Math.ceil(size / factor)) as [number, number, number]
}

/** The value that means "not computed yet" in a preview of this type: the largest it can hold. */
export function notComputed(labels: LabelArray): number {
  return labels instanceof Uint8Array ? 0xff : 0xffff
}

/**
 * Downsamples a label map by one integer factor, so that thin structures stay connected.
 *
 * Block p covers the source voxels [p·f, min((p+1)·f, S)) that exist; it becomes the most frequent foreground
 * label of the block when at least a quarter of its voxels is foreground (ties: the lower label), else 0.
 *
 * @param labels   z, y, x order, x fastest. Not changed.
 * @param shapeZyx Shape of `labels`.
 * @param factor   Whole number, >= 1.
 * @returns a new array of shape ceil(shape / factor), same type
 */
export function downsampleLabels<T extends LabelArray>(labels: T, shapeZyx: Zyx, factor: number): T {
  const [nz, ny, nx] = blockGridShape(shapeZyx, factor)
  const out = (labels instanceof Uint8Array ? new Uint8Array(nz * ny * nx) : new Uint16Array(nz * ny * nx)) as T
  const planeVox = shapeZyx[1] * shapeZyx[2]
  for (let bz = 0; bz < nz; bz++) {
    const z0 = bz * factor
    const numPlanes = Math.min(factor, shapeZyx[0] - z0)
    const slab = labels.subarray(z0 * planeVox, (z0 + numPlanes) * planeVox) as T
    downsamplePlanes(
      slab,
      [numPlanes, shapeZyx[1], shapeZyx[2]],
      factor,
      out.subarray(bz * ny * nx, (bz + 1) * ny * nx) as T,
    )
  }
  return out
}

/** One layer of blocks: `slab` holds the 1 to `factor` planes that it covers; the result goes into `out`. */
export function downsamplePlanes<T extends LabelArray>(slab: T, slabShapeZyx: Zyx, factor: number, out: T): void {
  const [numPlanes, sy, sx] = slabShapeZyx
  const row = new BlockRow(slab, slabShapeZyx, factor)
  const nx = Math.ceil(sx / factor)
  for (let by = 0; by * factor < sy; by++) {
    const yStart = by * factor
    const yEnd = Math.min(yStart + factor, sy)
    row.clear()
    for (let z = 0; z < numPlanes; z++) for (let y = yStart; y < yEnd; y++) row.add(z, y)
    for (let bx = 0; bx < nx; bx++) out[by * nx + bx] = row.labelOf(bx, yStart, yEnd)
  }
}

/**
 * A row of blocks along x. Most blocks are background or hold one label, which takes one count per block; the few with
 * more are looked at once more.
 */
class BlockRow {
  private readonly slab: LabelArray
  private readonly words: Uint32Array
  private readonly shapeZyx: Zyx
  private readonly factor: number
  /** Per block: one of its labels, its foreground voxels, and whether these have more than one label. */
  private readonly labels: Uint16Array
  private readonly counts: Uint32Array
  private readonly isMixed: Uint8Array
  private counter: BlockCounter | null = null

  constructor(slab: LabelArray, shapeZyx: Zyx, factor: number) {
    this.slab = slab
    this.words = wordsOf(slab)
    this.shapeZyx = shapeZyx
    this.factor = factor
    const numBlocks = Math.ceil(shapeZyx[2] / factor)
    this.labels = new Uint16Array(numBlocks)
    this.counts = new Uint32Array(numBlocks)
    this.isMixed = new Uint8Array(numBlocks)
  }

  /** Begins another row of blocks. */
  clear(): void {
    this.counts.fill(0)
    this.isMixed.fill(0)
  }

  /** Takes a row of voxels. */
  add(z: number, y: number): void {
    const { slab, words, factor } = this
    const [, sy, sx] = this.shapeZyx
    const start = (z * sy + y) * sx
    const end = start + sx
    let at = foregroundFrom(slab, words, start, end)
    while (at < end) {
      const label = slab[at]
      const bx = Math.floor((at - start) / factor)
      const blockEnd = Math.min(start + (bx + 1) * factor, end)
      const runStart = at
      do at++
      while (at < blockEnd && slab[at] === label)
      this.count(bx, label, at - runStart)
      if (at < end && slab[at] === 0) at = foregroundFrom(slab, words, at, end)
    }
  }

  /** The label of a block whose rows were added. */
  labelOf(bx: number, yStart: number, yEnd: number): number {
    if (this.counts[bx] === 0) return 0
    const [numPlanes, , sx] = this.shapeZyx
    const xStart = bx * this.factor
    const numVox = numPlanes * (yEnd - yStart) * (Math.min(xStart + this.factor, sx) - xStart)
    if (this.counts[bx] * 4 < numVox) return 0
    return this.isMixed[bx] === 0 ? this.labels[bx] : this.mostFrequent(xStart, yStart, yEnd)
  }

  private count(bx: number, label: number, voxels: number): void {
    if (this.counts[bx] === 0) this.labels[bx] = label
    else if (this.labels[bx] !== label) this.isMixed[bx] = 1
    this.counts[bx] += voxels
  }

  private mostFrequent(xStart: number, yStart: number, yEnd: number): number {
    const { slab, factor } = this
    const [numPlanes, sy, sx] = this.shapeZyx
    const xEnd = Math.min(xStart + factor, sx)
    this.counter ??= new BlockCounter(slab instanceof Uint8Array ? 256 : 65536)
    for (let z = 0; z < numPlanes; z++)
      for (let y = yStart; y < yEnd; y++) {
        const row = (z * sy + y) * sx
        for (let x = xStart; x < xEnd; x++) if (slab[row + x] !== 0) this.counter.add(slab[row + x])
      }
    return this.counter.winner()
  }
}

/** Counts the foreground labels of one block at a time without allocating: counts are cleared as they are read. */
class BlockCounter {
  private readonly counts: Uint32Array
  private readonly seen: number[] = []

  constructor(numLabels: number) {
    this.counts = new Uint32Array(numLabels)
  }

  add(label: number): void {
    if (this.counts[label]++ === 0) this.seen.push(label)
  }

  /** The most frequent label, of equals the lowest; forgets the block. */
  winner(): number {
    let best = 0
    for (const label of this.seen) {
      const isMore = this.counts[label] > this.counts[best]
      if (best === 0 || isMore || (this.counts[label] === this.counts[best] && label < best)) best = label
    }
    for (const label of this.seen) this.counts[label] = 0
    this.seen.length = 0
    return best
  }
}
