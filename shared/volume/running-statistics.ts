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

  add(voxels: Float32Array | Float64Array): void {
    const shift = voxels.find(Number.isFinite) ?? 0
    let count = 0
    let sum = 0
    let squares = 0
    for (let i = 0; i < voxels.length; i++) {
      const value = voxels[i]
      if (value - value !== 0) {
        this.nonfinite++
        continue
      }
      if (this.isNonzeroOnly && value === 0) continue
      const centred = value - shift
      count++
      sum += centred
      squares += centred * centred
      if (value < this.min) this.min = value
      if (value > this.max) this.max = value
    }
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
