import type { TileBox } from '../../shared/volume/importance-map.ts'
import type { TileGrid } from '../../shared/volume/tile-starts.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { WeightOf } from './plane-window.ts'

/** Sum of the tile weights at plane z of the padded volume. */
export type SumOfWeights = (z: number) => WeightOf

type AxisSums = readonly [Float64Array, Float64Array, Float64Array]

/**
 * Sums of the tile weights from 1-D sums: the tiles form a Cartesian grid and the weights are a product of three within
 * `reach`, so nothing of the size of the volume is stored. Outside of it every weight is the same floor, of which a voxel
 * gets one for each tile that covers it without reaching it.
 * @param weights of one tile, z, y, x order
 * @param reach   where the weights are such a product; null: in the whole tile
 */
export function sumsOfWeights(weights: Float32Array, patch: Zyx, grid: TileGrid, reach: TileBox | null): SumOfWeights {
  const centre = patch.map((size) => Math.floor(size / 2))
  const strides = [patch[1] * patch[2], patch[2], 1]
  const at = (axis: number, index: number) =>
    weights[centre.reduce((sum, c, k) => sum + (k === axis ? index : c) * strides[k], 0)]
  const peak = at(0, centre[0])
  const whole = patch.map((size) => [0, size] as [number, number])
  const inReach = reach ?? whole
  // Each axis carries the whole peak once: w(z, y, x) = peak · (wz / peak) · (wy / peak) · (wx / peak).
  const scaled = (axis: number, index: number) => at(axis, index) * (axis === 0 ? 1 : 1 / peak)
  const [wz, wy, wx] = axisSums(grid, inReach, scaled)
  const short = inReach.findIndex(([from, to], axis) => to - from < patch[axis])
  if (short < 0)
    return (z) => {
      const row = (y: number, into: Float32Array | Float64Array) => {
        const zy = wz[z] * wy[y]
        for (let x = 0; x < into.length; x++) into[x] = zy * wx[x]
      }
      return Object.assign((y: number, x: number) => wz[z] * wy[y] * wx[x], { row })
    }
  const floor = at(short, inReach[short][0] > 0 ? 0 : patch[short] - 1)
  const [coverZ, coverY, coverX] = axisSums(grid, whole, () => 1)
  const [reachZ, reachY, reachX] = axisSums(grid, inReach, () => 1)
  return (z) => {
    const at = (y: number, x: number) =>
      wz[z] * wy[y] * wx[x] + floor * (coverZ[z] * coverY[y] * coverX[x] - reachZ[z] * reachY[y] * reachX[x])
    const row = (y: number, into: Float32Array | Float64Array) => {
      const [zy, cover, reached] = [wz[z] * wy[y], coverZ[z] * coverY[y], reachZ[z] * reachY[y]]
      for (let x = 0; x < into.length; x++) into[x] = zy * wx[x] + floor * (cover * coverX[x] - reached * reachX[x])
    }
    return Object.assign(at, { row })
  }
}

/** Along each axis of the padded volume, what the tiles give there. */
function axisSums(grid: TileGrid, box: TileBox, given: (axis: number, index: number) => number): AxisSums {
  return [0, 1, 2].map((axis) => {
    const sums = new Float64Array(grid.paddedShapeZyx[axis])
    const [from, to] = box[axis]
    for (const start of grid.starts[axis]) for (let i = from; i < to; i++) sums[start + i] += given(axis, i)
    return sums
  }) as unknown as AxisSums
}
