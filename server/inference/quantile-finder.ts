import type { ValueArray } from '../../shared/volume/voxel-values.ts'

/** Bins of one pass: the upper or the lower half of a float32's 32 bits. */
const NUM_BINS = 65536

/** The bits of −0. */
const MINUS_ZERO = 0x80000000

/**
 * Exact quantiles of float32 values that can be read twice, without sorting or holding them.
 *
 * A float32's bits, with negative ones turned round, order like its value. Pass 1 counts the upper 16 bits; that tells
 * in which bin each wanted value lies. Pass 2 counts the lower 16 bits within those bins. States: first pass
 * (`addFirst`) → `beginSecond` → second pass (`addSecond`) → `quantile`. Non-finite values are left out.
 */
export class QuantileFinder {
  /** By the upper bits as they are. */
  private readonly seen = new Float64Array(NUM_BINS)
  /** The finite ones, by the upper bits of their ordered key. */
  private readonly upper = new Float64Array(NUM_BINS)
  private readonly lower = new Map<number, Float64Array>()
  /** By the upper bits as they are: 1 where the second pass looks. */
  private readonly isWanted = new Uint8Array(NUM_BINS)
  private readonly shares: readonly number[]
  private count = 0

  /** @param shares wanted quantiles, 0 to 1 */
  constructor(shares: readonly number[]) {
    this.shares = shares
  }

  addFirst(values: ValueArray): void {
    const bits = bitsOf(values)
    const { seen } = this
    for (let i = 0; i < bits.length; i++) seen[bits[i] === MINUS_ZERO ? 0 : bits[i] >>> 16]++
  }

  /** Zeros that nobody need show in the first pass; the second sees them. */
  addZeros(count: number): void {
    this.seen[0] += count
  }

  beginSecond(): void {
    for (let bin = 0; bin < NUM_BINS; bin++) {
      if (!isFiniteBits(bin << 16)) continue
      this.upper[orderedBin(bin)] = this.seen[bin]
      this.count += this.seen[bin]
    }
    for (const share of this.shares)
      for (const rank of this.ranksOf(share)) this.lower.set(this.binOf(rank).bin, new Float64Array(NUM_BINS))
    for (let bin = 0; bin < NUM_BINS; bin++) this.isWanted[bin] = this.lower.has(orderedBin(bin)) ? 1 : 0
    if (this.isWanted[0] === 1) this.isWanted[MINUS_ZERO >>> 16] = 1
  }

  addSecond(values: ValueArray): void {
    const bits = bitsOf(values)
    const { isWanted } = this
    for (let i = 0; i < bits.length; i++) if (isWanted[bits[i] >>> 16] === 1) this.countLower(bits[i])
  }

  private countLower(bits: number): void {
    const key = orderedKey(bits)
    const counts = this.lower.get(key >>> 16)
    if (counts && isFiniteBits(bits)) counts[key & 0xffff]++
  }

  /** Quantile by numpy's linear rule: between the two values around position share · (n − 1). 0 where there is none. */
  quantile(share: number): number {
    if (this.count === 0) return 0
    const [low, high] = this.ranksOf(share).map((rank) => this.valueAt(rank))
    const position = share * (this.count - 1)
    return low + (high - low) * (position - Math.floor(position))
  }

  private ranksOf(share: number): [number, number] {
    const position = share * Math.max(0, this.count - 1)
    return [Math.floor(position), Math.ceil(position)]
  }

  private binOf(rank: number): { bin: number; before: number } {
    let before = 0
    for (let bin = 0; bin < NUM_BINS; bin++) {
      if (before + this.upper[bin] > rank) return { bin, before }
      before += this.upper[bin]
    }
    return { bin: NUM_BINS - 1, before }
  }

  private valueAt(rank: number): number {
    const { bin, before } = this.binOf(rank)
    const counts = this.lower.get(bin)
    if (!counts) throw new Error('a quantile was asked for that was not announced')
    let seen = before
    for (let low = 0; low < NUM_BINS; low++) {
      seen += counts[low]
      if (seen > rank) return valueOfKey(((bin << 16) | low) >>> 0)
    }
    throw new Error('the second pass saw other values than the first')
  }
}

/** The float32 bits of values. */
function bitsOf(values: ValueArray): Uint32Array {
  const floats = values instanceof Float32Array ? values : new Float32Array(values)
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
}

function isFiniteBits(bits: number): boolean {
  return (bits & 0x7f800000) !== 0x7f800000
}

/** A whole number that orders as the float does; zeros of both signs are one. */
function orderedKey(bits: number): number {
  if (bits === MINUS_ZERO) return orderedKey(0)
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0
}

/** Upper bits of the key from those of the float; of negative ones near zero for −0. */
function orderedBin(bin: number): number {
  return bin & 0x8000 ? ~bin & 0xffff : bin | 0x8000
}

function valueOfKey(key: number): number {
  const bits = key & 0x80000000 ? key & 0x7fffffff : ~key
  return new Float32Array(Uint32Array.of(bits >>> 0).buffer)[0]
}
