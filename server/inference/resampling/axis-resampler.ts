import { type AxisTaps, axisTaps, EDGE_VOX, needsPrefilter, prefilterLines } from './spline.ts'

/** Samples before and after, in double precision or not. */
export type Samples = Float32Array | Float64Array

/** Resamples one axis of arrays of one shape. Owns its scratch: one call at a time. */
export class AxisResampler {
  private readonly size: number
  private readonly newSize: number
  /** Product of the sizes of the faster axes: samples between neighbours along this axis. */
  private readonly inner: number
  private readonly order: number
  private readonly taps: AxisTaps
  /** Coefficients of `inner` lines with their edges, [size + 2 · EDGE_VOX][inner]; empty where none are needed. */
  private readonly coefficients: Float64Array

  constructor(size: number, newSize: number, inner: number, order: number) {
    this.size = size
    this.newSize = newSize
    this.inner = inner
    this.order = order
    this.taps = axisTaps(size, newSize, order)
    this.coefficients = new Float64Array(needsPrefilter(order) ? (size + 2 * EDGE_VOX) * inner : 0)
  }

  /**
   * Resamples every [size][inner] block of the source into a [newSize][inner] block of the target.
   * @param source [outer][size][inner]; not changed.
   * @param target [outer][newSize][inner]; filled.
   */
  run(source: Samples, target: Samples): void {
    const outer = source.length / (this.size * this.inner)
    for (let block = 0; block < outer; block++) {
      const from = block * this.size * this.inner
      const to = block * this.newSize * this.inner
      if (needsPrefilter(this.order)) {
        this.loadCoefficients(source, from)
        this.weigh(this.coefficients, EDGE_VOX * this.inner, this.size + EDGE_VOX - 1, target, to)
      } else this.weigh(source, from, this.size - 1, target, to)
    }
  }

  private loadCoefficients(source: Samples, from: number): void {
    const { coefficients, size, inner } = this
    const rows = size + 2 * EDGE_VOX
    for (let row = 0; row < rows; row++) {
      const sourceRow = from + Math.min(Math.max(row - EDGE_VOX, 0), size - 1) * inner
      const toRow = row * inner
      for (let j = 0; j < inner; j++) coefficients[toRow + j] = source[sourceRow + j]
    }
    prefilterLines(coefficients, rows, inner, this.order)
  }

  /** Weighted sums of taps; `zero` is where sample 0 lies in `values`, `last` the last index there is. */
  private weigh(values: Samples, zero: number, last: number, target: Samples, to: number): void {
    if (this.inner === 1) return this.weighLine(values, zero, last, target, to)
    const { inner, taps } = this
    const rows: Row[] = Array.from({ length: taps.numTaps }, () => ({ values, at: 0 }))
    for (let i = 0; i < this.newSize; i++) {
      rows.forEach((row, tap) => {
        row.at = zero + Math.min(taps.first[i] + tap, last) * inner
      })
      weighRows(target, to + i * inner, inner, rows, taps.weights, i * taps.numTaps)
    }
  }

  /** The same for the fastest axis, sample by sample. */
  private weighLine(values: Samples, zero: number, last: number, target: Samples, to: number): void {
    const { first, weights, numTaps } = this.taps
    for (let i = 0, at = 0; i < this.newSize; i++) {
      let sum = 0
      for (let tap = 0; tap < numTaps; tap++) sum += weights[at++] * values[zero + Math.min(first[i] + tap, last)]
      target[to + i] = sum
    }
  }
}

/** A row of samples inside an array. */
export interface Row {
  values: Samples
  at: number
}

/**
 * Weighted sum of one to four rows.
 * @param weights One weight per row from `weightAt` on.
 */
export function weighRows(
  target: Samples,
  targetAt: number,
  length: number,
  rows: readonly Row[],
  weights: Float64Array,
  weightAt: number,
): void {
  const w0 = weights[weightAt]
  const { values: p, at: a } = rows[0]
  if (rows.length === 1) {
    for (let j = 0; j < length; j++) target[targetAt + j] = w0 * p[a + j]
    return
  }
  const w1 = weights[weightAt + 1]
  const { values: q, at: b } = rows[1]
  if (rows.length === 2) {
    for (let j = 0; j < length; j++) target[targetAt + j] = w0 * p[a + j] + w1 * q[b + j]
    return
  }
  const w2 = weights[weightAt + 2]
  const { values: r, at: c } = rows[2]
  // A quadratic spline has no fourth tap: its weight is 0 and any row will do.
  const w3 = rows.length > 3 ? weights[weightAt + 3] : 0
  const { values: s, at: d } = rows[3] ?? rows[2]
  for (let j = 0; j < length; j++) target[targetAt + j] = w0 * p[a + j] + w1 * q[b + j] + w2 * r[c + j] + w3 * s[d + j]
}
