import type { Zyx } from '../../shared/volume/zyx.ts'
import { makeRingStore, RingPlanes, type RingShape } from './ring-planes.ts'

/**
 * Weighted sums of network outputs for the planes that a later tile can still touch.
 *
 * Plane z lives at place z mod (patch z). A plane is final once the row of tiles begins beyond it: then it is decoded
 * with `plane(z)` and given back with `clear(z)`.
 */
export interface Ring {
  /** y, x of the padded volume. */
  readonly planeShapeYx: readonly [number, number]
  /** Sums of one plane, [channel, y, x]; the ring owns the buffer. */
  plane(z: number): Float32Array | Promise<Float32Array>
  /** Gives a decoded plane back for plane z + patch z. */
  clear(z: number): void | Promise<void>
  /**
   * Adds the output of one tile times its weights.
   * @param output   One patch per channel, in the order that the strides say. Not changed.
   * @param weights  z, y, x order, one patch.
   * @param startZyx First voxel of the tile in the padded volume.
   */
  add(output: Float32Array, weights: Float32Array, startZyx: Zyx): void | Promise<void>
  close(): Promise<void>
}

/** The ring in memory: float32, 4 B · channels · patch z · plane. */
export class RingAccumulator implements Ring {
  readonly planeShapeYx: readonly [number, number]
  private readonly numPlanes: number
  private readonly planes: RingPlanes

  constructor(shape: RingShape) {
    this.planeShapeYx = shape.planeShapeYx
    this.numPlanes = shape.patchZyx[0]
    this.planes = new RingPlanes(shape, makeRingStore(shape, 1), 0, 1)
  }

  plane(z: number): Float32Array {
    return this.planes.plane(z)
  }

  clear(z: number): void {
    this.plane(z).fill(0)
  }

  add(output: Float32Array, weights: Float32Array, startZyx: Zyx): void {
    for (let z = 0; z < this.numPlanes; z++) this.planes.add(output, weights, startZyx, z)
  }

  async close(): Promise<void> {}
}
