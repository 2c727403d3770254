import type { Zyx } from '../../../shared/volume/zyx.ts'
import type { LevelBox } from './level-plan.ts'

/** File values `low … high` are spread over the codes 0 … 255. */
export interface ValueRange {
  low: number
  high: number
}

export interface LevelTarget {
  /** Level voxels, z, y, x order. */
  voxels: Uint8Array
  shapeZyx: Zyx
  bin: number
  range: ValueRange
}

/**
 * Means of the blocks that a box covers, written as codes into the level. Voxels that are not finite do not count;
 * a block without a finite voxel becomes 0.
 *
 * @param values  Voxels of the box, z, y, x order, before scaling.
 * @param scaling File value = value · slope + intercept.
 */
export function writeBlockMeans(
  values: ArrayLike<number>,
  box: LevelBox,
  scaling: { slope: number; intercept: number },
  target: LevelTarget,
): void {
  const { bin, shapeZyx } = target
  const [z0, y0] = box.startZyx.map((start) => start / bin)
  const [sz, sy] = box.shapeZyx
  const sums = new Float64Array(shapeZyx[2])
  const counts = new Uint32Array(shapeZyx[2])
  for (let bz = 0; bz * bin < sz; bz++)
    for (let by = 0; by * bin < sy; by++) {
      sumBlockRow(values, box.shapeZyx, bin, [bz, by], sums, counts)
      const at = ((z0 + bz) * shapeZyx[1] + y0 + by) * shapeZyx[2]
      encodeRow(sums, counts, scaling, target.range, target.voxels.subarray(at, at + shapeZyx[2]))
    }
}

function sumBlockRow(
  values: ArrayLike<number>,
  [sz, sy, sx]: Zyx,
  bin: number,
  [bz, by]: [number, number],
  sums: Float64Array,
  counts: Uint32Array,
): void {
  sums.fill(0)
  counts.fill(0)
  const zEnd = Math.min((bz + 1) * bin, sz)
  const yEnd = Math.min((by + 1) * bin, sy)
  for (let z = bz * bin; z < zEnd; z++)
    for (let y = by * bin; y < yEnd; y++) {
      const row = (z * sy + y) * sx
      for (let x = 0, block = 0, left = bin; x < sx; x++) {
        const value = values[row + x]
        if (value - value === 0) {
          sums[block] += value
          counts[block]++
        }
        if (--left === 0) {
          block++
          left = bin
        }
      }
    }
}

function encodeRow(
  sums: Float64Array,
  counts: Uint32Array,
  scaling: { slope: number; intercept: number },
  range: ValueRange,
  out: Uint8Array,
): void {
  const perUnit = 255 / (range.high - range.low)
  for (let x = 0; x < out.length; x++) {
    if (counts[x] === 0) {
      out[x] = 0
      continue
    }
    const code = ((sums[x] / counts[x]) * scaling.slope + scaling.intercept - range.low) * perUnit
    out[x] = code <= 0 ? 0 : code >= 255 ? 255 : Math.round(code)
  }
}
