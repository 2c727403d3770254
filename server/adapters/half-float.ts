import { toFloat32 } from '../../shared/volume/voxel-values.ts'

/**
 * Bits of the half floats nearest to the given values, ties to even, as IEEE 754 rounds. Beyond 65504 infinity.
 * Built from the bits of the float32, because Float16Array does not exist before Node 24.
 */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < halves.length; i++) halves[i] = halfBits(bits[i])
  return halves
}

function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const fraction = bits & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  const shifted = exponent - 112
  if (shifted >= 31) return sign | 0x7c00
  if (shifted > 0) return sign | roundedShift((shifted << 23) | fraction, 13)
  // Below the smallest normal half: the hidden bit becomes visible and moves right.
  return shifted < -10 ? sign : sign | roundedShift(fraction | 0x800000, 14 - shifted)
}

/** Shifted right, rounded half to even; a carry runs into the exponent as it should. */
function roundedShift(value: number, shift: number): number {
  const kept = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}

/** Values of half floats. */
export function fromHalf(halves: Uint16Array): Float32Array {
  return toFloat32(halves, 'float16', null)
}
