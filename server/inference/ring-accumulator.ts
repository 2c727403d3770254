import type { Zyx } from '../../shared/volume/zyx.ts'

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

/** The ring in memory: float32, one buffer per plane, 4 B · channels · patch z · plane. */
export class RingAccumulator implements Ring {
  readonly planeShapeYx: readonly [number, number]
  private readonly numChannels: number
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

  plane(z: number): Float32Array {
    return this.planes[z % this.planes.length]
  }

  clear(z: number): void {
    this.plane(z).fill(0)
  }

  add(output: Float32Array, weights: Float32Array, startZyx: Zyx): void {
    const [pz, numRows] = this.patchZyx
    const [sy, rowLength] = this.planeShapeYx
    const { patchZyx, strides } = this
    for (let z = 0; z < pz; z++) {
      const into = this.plane(startZyx[0] + z)
      for (let channel = 0; channel < this.numChannels; channel++) {
        const firstRow = channel * sy + startZyx[1]
        addTile({
          output,
          weights,
          patchZyx,
          strides,
          z,
          channel,
          numRows,
          into,
          firstRow,
          startX: startZyx[2],
          rowLength,
        })
      }
    }
  }

  async close(): Promise<void> {}
}

/** One plane of one channel of a tile, and where it goes. */
interface TilePlane {
  output: Float32Array
  weights: Float32Array
  patchZyx: Zyx
  strides: Zyx
  z: number
  channel: number
  numRows: number
  into: Float32Array
  firstRow: number
  startX: number
  rowLength: number
}

/** Adds one plane of one channel of a tile, times its weights, to rows of sums. */
export function addTile(tile: TilePlane): void {
  const { output, weights, z, into } = tile
  const [pz, py, px] = tile.patchZyx
  const [tz, ty, tx] = tile.strides
  const fromPlane = tile.channel * pz * py * px + z * tz
  for (let y = 0; y < tile.numRows; y++) {
    const weightRow = (z * py + y) * px
    const from = fromPlane + y * ty
    const to = (tile.firstRow + y) * tile.rowLength + tile.startX
    if (tx === 1) addRow(into, to, output, from, weights, weightRow, px)
    else for (let x = 0; x < px; x++) into[to + x] += output[from + x * tx] * weights[weightRow + x]
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
  let x = 0
  // Four at a time, for the engine does not unroll.
  for (; x + 4 <= length; x += 4) {
    plane[to + x] += output[from + x] * weights[weightRow + x]
    plane[to + x + 1] += output[from + x + 1] * weights[weightRow + x + 1]
    plane[to + x + 2] += output[from + x + 2] * weights[weightRow + x + 2]
    plane[to + x + 3] += output[from + x + 3] * weights[weightRow + x + 3]
  }
  for (; x < length; x++) plane[to + x] += output[from + x] * weights[weightRow + x]
}
