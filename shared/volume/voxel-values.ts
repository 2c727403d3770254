import type { DType, VoxelArray } from './dtype.ts'

/** Values of all 65,536 half floats, made once when the first is needed. */
let halfValues: Float32Array | null = null

/** Value of one IEEE 754 half float. @param bits its 16 bits */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function halfTable(): Float32Array {
  halfValues ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToNumber(bits))
  return halfValues
}

/** Values in file units: float32, or whole numbers that float32 holds exactly. */
export type ValueArray = Float32Array | Int8Array | Uint8Array | Int16Array | Uint16Array

/**
 * Values of stored voxels in file units, as `toFloat32` gives them but without a copy where they are stored so.
 * @returns `voxels` themselves where their numbers are the values, else a new array
 */
export function asValues(
  voxels: VoxelArray,
  dtype: DType,
  scaling: { slope: number; intercept: number } | null,
): ValueArray {
  const isSmall = voxels instanceof Int8Array || voxels instanceof Uint8Array || voxels instanceof Int16Array
  const isPlain = isSmall || voxels instanceof Float32Array || (voxels instanceof Uint16Array && dtype === 'uint16')
  return isPlain && scaling === null ? voxels : toFloat32(voxels, dtype, scaling)
}

/**
 * Values of stored voxels in file units, as float32.
 * @param voxels  Stored voxels; float16 as 16-bit patterns.
 * @param dtype   Their stored type.
 * @param scaling Value = stored · slope + intercept; null when values are as stored.
 * @returns a new array; the caller owns it
 */
export function toFloat32(
  voxels: VoxelArray,
  dtype: DType,
  scaling: { slope: number; intercept: number } | null,
): Float32Array {
  const values = new Float32Array(voxels.length)
  if (dtype === 'float16') {
    const table = halfTable()
    for (let i = 0; i < values.length; i++) values[i] = table[voxels[i] as number]
  } else if (voxels instanceof BigInt64Array || voxels instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) values[i] = Number(voxels[i])
  } else values.set(voxels)
  if (scaling === null) return values
  const isExact = dtype === 'float32' || dtype === 'float16'
  for (let i = 0; i < values.length; i++)
    values[i] = (isExact ? values[i] : Number(voxels[i])) * scaling.slope + scaling.intercept
  return values
}
