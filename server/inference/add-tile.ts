import type { Zyx } from '../../shared/volume/zyx.ts'

/** One plane of one channel of a tile, and where it goes. */
export interface TilePlane {
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

/**
 * Adds one plane of one channel of a tile, times its weights, to rows of sums. Product and sum are each rounded to
 * float32, as torch does and as `kernels/blend-kernel.ts` does.
 */
export function addTile(tile: TilePlane): void {
  const { output, weights, z, into } = tile
  const [pz, py, px] = tile.patchZyx
  const [tz, ty, tx] = tile.strides
  const fromPlane = tile.channel * pz * py * px + z * tz
  for (let y = 0; y < tile.numRows; y++) {
    const weightRow = (z * py + y) * px
    const from = fromPlane + y * ty
    const to = (tile.firstRow + y) * tile.rowLength + tile.startX
    for (let x = 0; x < px; x++) into[to + x] += Math.fround(output[from + x * tx] * weights[weightRow + x])
  }
}
