import type { ValueRanges } from './resampling/plan.ts'

/** Ranges as the bits of their numbers: JSON knows neither infinity nor the sign of zero. */
export interface RangeBits {
  minBits: number[]
  maxBits: number[]
}

export function rangeBits({ min, max }: ValueRanges): RangeBits {
  const bits = (values: Float32Array) => Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length))
  return { minBits: bits(min), maxBits: bits(max) }
}

export function rangesOfBits({ minBits, maxBits }: RangeBits): ValueRanges {
  const values = (bits: number[]) => new Float32Array(Uint32Array.from(bits).buffer)
  return { min: values(minBits), max: values(maxBits) }
}
