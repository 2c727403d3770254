import type { ValueArray } from './voxel-values.ts'

/** Moments and range of the finite values of a volume; all zero where none is finite. */
export interface ValueStatistics {
  count: number
  nonfinite: number
  min: number
  max: number
  mean: number
  /** Population standard deviation. */
  std: number
}

/**
 * Statistics of values that arrive chunk by chunk, summed in float64.
 * Each chunk is summed around its own first value and merged by Chan's rule, so that large offsets cost no digits.
 * @see Chan, Golub, LeVeque 1983, Algorithms for computing the sample variance
 */
export class RunningStatistics {
  private count = 0
  private nonfinite = 0
  private min = Number.POSITIVE_INFINITY
  private max = Number.NEGATIVE_INFINITY
  private mean = 0
  private squares = 0
  private readonly isNonzeroOnly: boolean

  /** @param isNonzeroOnly leaves zeros out of mean and deviation (nnU-Net's mask normalisation) */
  constructor(isNonzeroOnly = false) {
    this.isNonzeroOnly = isNonzeroOnly
  }

  add(voxels: ValueArray | Float64Array): void {
    const sums = Float64Array.of(firstFinite(voxels), 0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
    for (let from = 0; from < voxels.length; from += BLOCK_VALUES) {
      const to = Math.min(from + BLOCK_VALUES, voxels.length)
      if (this.isNonzeroOnly || !addAll(sums, voxels, from, to)) {
        this.nonfinite += addChosen(sums, voxels, from, to, this.isNonzeroOnly)
      }
    }
    const [shift, count, sum, squares, min, max] = sums
    if (min < this.min) this.min = min
    if (max > this.max) this.max = max
    if (count > 0) this.merge(count, shift + sum / count, squares - (sum * sum) / count)
  }

  /** Zeros that need not be there as an array. */
  addZeros(count: number): void {
    if (count === 0) return
    this.min = Math.min(this.min, 0)
    this.max = Math.max(this.max, 0)
    this.merge(count, 0, 0)
  }

  private merge(count: number, mean: number, squares: number): void {
    const total = this.count + count
    const delta = mean - this.mean
    this.squares += squares + (delta * delta * this.count * count) / total
    this.mean += (delta * count) / total
    this.count = total
  }

  result(): ValueStatistics {
    const { count, nonfinite, mean } = this
    const isEmpty = count === 0
    const std = isEmpty ? 0 : Math.sqrt(Math.max(0, this.squares) / count)
    return { count, nonfinite, min: isEmpty ? 0 : this.min, max: isEmpty ? 0 : this.max, mean, std }
  }
}

function firstFinite(values: ValueArray | Float64Array): number {
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) return values[i]
  return 0
}

/** Values summed in one call: few, so that the engine soon runs code that keeps the sums in registers. */
const BLOCK_VALUES = 4096

/** Where the sums of a chunk lie. */
const [SHIFT, COUNT, SUM, SQUARES, MIN, MAX] = [0, 1, 2, 3, 4, 5]

/** Adds a block whose values are all finite; of any other it adds nothing. @returns whether it did */
function addAll(sums: Float64Array, values: ValueArray | Float64Array, from: number, to: number): boolean {
  const shift = sums[SHIFT]
  let sum = sums[SUM]
  let squares = sums[SQUARES]
  let min = sums[MIN]
  let max = sums[MAX]
  for (let i = from; i < to; i++) {
    const value = values[i]
    const centred = value - shift
    sum += centred
    squares += centred * centred
    if (value < min || value > max) {
      if (value < min) min = value
      if (value > max) max = value
    }
  }
  if (!Number.isFinite(squares)) return false
  sums[COUNT] += to - from
  sums[SUM] = sum
  sums[SQUARES] = squares
  sums[MIN] = min
  sums[MAX] = max
  return true
}

/** Adds the finite values of a block, without its zeros if asked so. @returns how many are not finite */
function addChosen(
  sums: Float64Array,
  values: ValueArray | Float64Array,
  from: number,
  to: number,
  isNonzeroOnly: boolean,
): number {
  const shift = sums[SHIFT]
  let nonfinite = 0
  for (let i = from; i < to; i++) {
    const value = values[i]
    if (value - value !== 0) {
      nonfinite++
      continue
    }
    if (isNonzeroOnly && value === 0) continue
    const centred = value - shift
    sums[COUNT]++
    sums[SUM] += centred
    sums[SQUARES] += centred * centred
    if (value < sums[MIN]) sums[MIN] = value
    if (value > sums[MAX]) sums[MAX] = value
  }
  return nonfinite
}
