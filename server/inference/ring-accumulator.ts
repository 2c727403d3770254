import type { Zyx } from '../../shared/volume/zyx.ts'

/**
 * Weighted sums of network outputs for the planes that a later tile can still touch, float32, one buffer per plane.
 *
 * Plane z lives in buffer z mod (patch z). A plane is final once the row of tiles begins beyond it: then it is decoded
 * with `plane(z)` and given back with `clear(z)`. Memory: 4 B · channels · patch z · plane.
 */
export class RingAccumulator {
  readonly numChannels: number
  /** y, x of the padded volume. */
  readonly planeShapeYx: readonly [number, number]
  private readonly patchZyx: Zyx
  private readonly strides: Zyx
  private readonly planes: Float32Array[]

  /** @param strides distance in a tile's output from one voxel to the next along z, y, x */
  constructor(numChannels: number, patchZyx: Zyx, strides: Zyx, planeShapeYx: readonly [number, number]) {
    this.numChannels = numChannels
    this.patchZyx = patchZyx
    this.strides = strides
    this.planeShapeYx = planeShapeYx
    const planeVox = planeShapeYx[0] * planeShapeYx[1]
    this.planes = Array.from({ length: patchZyx[0] }, () => new Float32Array(numChannels * planeVox))
  }

  /** Sums of one plane, [channel, y, x]. The ring owns the buffer. */
  plane(z: number): Float32Array {
    return this.planes[z % this.planes.length]
  }

  /** Gives a decoded plane back for plane z + patch z. */
  clear(z: number): void {
    this.plane(z).fill(0)
  }

  /**
   * Adds the output of one tile times its weights.
   * @param output   One patch per channel, in the order that the strides say. Not changed.
   * @param weights  z, y, x order, one patch.
   * @param startZyx First voxel of the tile in the padded volume.
   */
  add(output: Float32Array, weights: Float32Array, startZyx: Zyx): void {
    const [pz, py, px] = this.patchZyx
    const [sy, sx] = this.planeShapeYx
    const [tz, ty, tx] = this.strides
    const patchVox = pz * py * px
    for (let z = 0; z < pz; z++) {
      const plane = this.plane(startZyx[0] + z)
      for (let channel = 0; channel < this.numChannels; channel++) {
        for (let y = 0; y < py; y++) {
          const weightRow = (z * py + y) * px
          const fromRow = channel * patchVox + z * tz + y * ty
          const toRow = (channel * sy + startZyx[1] + y) * sx + startZyx[2]
          if (tx === 1) addRow(plane, toRow, output, fromRow, weights, weightRow, px)
          else for (let x = 0; x < px; x++) plane[toRow + x] += output[fromRow + x * tx] * weights[weightRow + x]
        }
      }
    }
  }
}

function addRow(
  plane: Float32Array,
  to: number,
  output: Float32Array,
  from: number,
  weights: Float32Array,
  weightRow: number,
  length: number,
): void {
  for (let x = 0; x < length; x++) plane[to + x] += output[from + x] * weights[weightRow + x]
}
