import type { DType, VoxelArray } from '../../../shared/volume/dtype.ts'

/** Stored voxels as numbers, before scaling. No copy unless the type is float16 or 64-bit integers. */
export function plainNumbers(voxels: VoxelArray, dtype: DType): ArrayLike<number> {
  if (dtype === 'float16') return fromHalf(voxels as Uint16Array)
  if (voxels instanceof BigInt64Array || voxels instanceof BigUint64Array) return Float64Array.from(voxels, Number)
  return voxels
}

let halfTable: Float32Array | null = null

function fromHalf(bits: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 65_536 }, (_, code) => halfToNumber(code))
  const table = halfTable
  const out = new Float32Array(bits.length)
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]]
  return out
}

/** IEEE 754 binary16. */
function halfToNumber(code: number): number {
  const sign = code & 0x8000 ? -1 : 1
  const exponent = (code >> 10) & 0x1f
  const fraction = code & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
