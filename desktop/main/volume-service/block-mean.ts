import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'

/** File values `low … high` are spread over the codes 0 … 255. */
export interface ValueRange {
  low: number
  high: number
}

export interface ValueScaling {
  slope: number
  intercept: number
}

/** Sums over blocks of voxels, and of how many finite voxels each is the sum. z, y, x order. */
export interface BlockSums {
  shapeZyx: [number, number, number]
  sums: Float64Array
  counts: Uint32Array
}

/** Sums over blocks of 2 × 2 × 2 voxels of a box; voxels that are not finite do not count. */
export function sumPairs(values: Float32Array | Float64Array, shapeZyx: Zyx): BlockSums {
  const out = emptySums(shapeZyx)
  const [, ny, nx] = out.shapeZyx
  const [sz, sy, sx] = shapeZyx
  for (let z = 0; z < sz; z++)
    for (let y = 0; y < sy; y++) {
      const from = (z * sy + y) * sx
      addRow(values, from, sx, out, ((z >> 1) * ny + (y >> 1)) * nx)
    }
  return out
}

/** One row of voxels added to its row of blocks. */
function addRow(values: Float32Array | Float64Array, from: number, length: number, out: BlockSums, to: number): void {
  const { sums, counts } = out
  const pairs = length >> 1
  for (let i = 0, at = from; i < pairs; i++, at += 2) {
    const both = values[at] + values[at + 1]
    if (both - both === 0) {
      sums[to + i] += both
      counts[to + i] += 2
    } else addFinite(values, at, 2, out, to + i)
  }
  if (length & 1) addFinite(values, from + length - 1, 1, out, to + pairs)
}

function addFinite(
  values: Float32Array | Float64Array,
  from: number,
  length: number,
  { sums, counts }: BlockSums,
  to: number,
): void {
  for (let at = from; at < from + length; at++)
    if (Number.isFinite(values[at])) {
      sums[to] += values[at]
      counts[to]++
    }
}

/** Sums over blocks twice as large along each axis. */
export function mergeSums(fine: BlockSums): BlockSums {
  const out = emptySums(fine.shapeZyx)
  const [, ny, nx] = out.shapeZyx
  const [sz, sy, sx] = fine.shapeZyx
  for (let z = 0, from = 0; z < sz; z++)
    for (let y = 0; y < sy; y++) {
      const row = ((z >> 1) * ny + (y >> 1)) * nx
      for (let x = 0; x < sx; x++, from++) {
        out.sums[row + (x >> 1)] += fine.sums[from]
        out.counts[row + (x >> 1)] += fine.counts[from]
      }
    }
  return out
}

function emptySums(shapeZyx: Zyx): BlockSums {
  const shape = blockGridShape(shapeZyx, 2)
  return { shapeZyx: shape, sums: new Float64Array(numVoxels(shape)), counts: new Uint32Array(numVoxels(shape)) }
}

/** Means as codes; a block without a finite voxel becomes 0. File value = mean · slope + intercept. */
export function encodeMeans({ sums, counts }: BlockSums, scaling: ValueScaling, range: ValueRange): Uint8Array {
  const { perUnit, offset } = codeLine(scaling, range)
  const out = new Uint8Array(sums.length)
  for (let i = 0; i < out.length; i++) {
    if (counts[i] === 0) continue
    const code = (sums[i] / counts[i]) * perUnit + offset
    out[i] = code <= 0 ? 0 : code >= 255 ? 255 : (code + 0.5) | 0
  }
  return out
}

/** Single voxels as codes, before scaling as they are in `values`; what is not a number becomes 0. */
export function encodeValues(
  values: Float32Array | Float64Array,
  scaling: ValueScaling,
  range: ValueRange,
): Uint8Array<ArrayBuffer> {
  const { perUnit, offset } = codeLine(scaling, range)
  const out = new Uint8Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const code = values[i] * perUnit + offset
    out[i] = code <= 0 ? 0 : code >= 255 ? 255 : (code + 0.5) | 0
  }
  return out
}

/** code = stored value · perUnit + offset */
function codeLine({ slope, intercept }: ValueScaling, { low, high }: ValueRange): { perUnit: number; offset: number } {
  const scale = 255 / (high - low)
  return { perUnit: slope * scale, offset: (intercept - low) * scale }
}
