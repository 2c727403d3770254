import type { Zyx } from '../volume/zyx.ts'

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
  const nx = Math.ceil(sx / factor)
  const block = new BlockCounter(slab instanceof Uint8Array ? 256 : 65536)
  for (let by = 0, at = 0; by * factor < sy; by++) {
    const yEnd = Math.min((by + 1) * factor, sy)
    for (let bx = 0; bx < nx; bx++, at++) {
      const x0 = bx * factor
      const xEnd = Math.min(x0 + factor, sx)
      for (let z = 0; z < numPlanes; z++)
        for (let y = by * factor; y < yEnd; y++) {
          const row = (z * sy + y) * sx
          for (let x = x0; x < xEnd; x++) if (slab[row + x] !== 0) block.add(slab[row + x])
        }
      out[at] = block.winner(numPlanes * (yEnd - by * factor) * (xEnd - x0))
    }
  }
}

/** Counts the foreground labels of one block at a time without allocating: counts are cleared as they are read. */
class BlockCounter {
  private readonly counts: Uint32Array
  private readonly seen: number[] = []
  private foreground = 0

  constructor(numLabels: number) {
    this.counts = new Uint32Array(numLabels)
  }

  add(label: number): void {
    if (this.counts[label]++ === 0) this.seen.push(label)
    this.foreground++
  }

  /** The label of a block of `numVox` voxels; forgets the block. */
  winner(numVox: number): number {
    if (this.foreground === 0) return 0
    let best = 0
    for (const label of this.seen) {
      const isMore = this.counts[label] > this.counts[best]
      if (best === 0 || isMore || (this.counts[label] === this.counts[best] && label < best)) best = label
    }
    const isBold = this.foreground * 4 >= numVox
    for (const label of this.seen) this.counts[label] = 0
    this.seen.length = 0
    this.foreground = 0
    return isBold ? best : 0
  }
}
