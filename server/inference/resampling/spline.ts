/**
 * B-spline interpolation along one axis as scipy.ndimage does it with mode 'nearest' (skimage: 'edge').
 *
 * Beyond its ends a line goes on with its edge value for ever. scipy pads by 12 such values and mirrors there; the
 * filters below start from the closed form of the endless line instead, which differs by less than 1e-13.
 * @see scipy/ndimage/src/ni_splines.c
 * @see Unser, Aldroubi, Eden, "B-spline signal processing", IEEE TSP 41 (1993)
 */

/** Voxels by which taps of order 2 and 3 may reach beyond a line: coordinates end at -0.5 and size - 0.5. */
export const EDGE_VOX = 2

/** Pole of the prefilter by order; orders 0 and 1 need none. */
const POLES: Readonly<Record<number, number>> = { 2: Math.sqrt(8) - 3, 3: Math.sqrt(3) - 2 }

/** Pole and gain of the prefilter. Only for orders 2 and 3. */
export function prefilterConstants(order: number): { pole: number; gain: number } {
  const pole = POLES[order]
  return { pole, gain: (1 - pole) * (1 - 1 / pole) }
}

/** True where samples must be turned into spline coefficients before they are weighted. */
export function needsPrefilter(order: number): boolean {
  return order > 1
}

/** Which samples (orders 0, 1) or coefficients (orders 2, 3) make each new sample. */
export interface AxisTaps {
  numTaps: number
  /** Index of the first tap of each new sample; ascending. Orders 2 and 3: -2 to size + 1 - numTaps + 1. */
  first: Int32Array
  /** [new sample][tap]. Order 1: the second tap may lie at `size` with weight 0. */
  weights: Float64Array
}

/**
 * Taps of an axis resampled from `size` to `newSize` samples: new sample i lies at (i + 0.5) · size / newSize - 0.5.
 * @param order 0 nearest (halves upwards), 1 linear, 2 quadratic, 3 cubic.
 * @see scipy/ndimage/src/ni_interpolation.c, NI_ZoomShift and get_spline_interpolation_weights
 */
export function axisTaps(size: number, newSize: number, order: number): AxisTaps {
  const numTaps = order + 1
  const taps = { numTaps, first: new Int32Array(newSize), weights: new Float64Array(newSize * numTaps) }
  const scale = size / newSize
  for (let i = 0; i < newSize; i++) {
    const raw = (i + 0.5) * scale - 0.5
    const at = needsPrefilter(order) ? raw : Math.min(Math.max(raw, 0), size - 1)
    // Even orders are centred on a sample, odd ones between two.
    const centre = order % 2 === 0 ? Math.floor(at + 0.5) : Math.floor(at)
    taps.first[i] = centre - (order >> 1)
    taps.weights.set(splineWeights(order, at - centre), i * numTaps)
  }
  return taps
}

/** Weights of the `order` + 1 taps at distance t from the central one. */
function splineWeights(order: number, t: number): number[] {
  if (order === 0) return [1]
  if (order === 1) return [1 - t, t]
  if (order === 2) return [0.5 * (0.5 - t) ** 2, 0.75 - t * t, 0.5 * (0.5 + t) ** 2]
  const u = 1 - t
  return [(u * u * u) / 6, (t * t * (t - 2) * 3 + 4) / 6, (u * u * (u - 2) * 3 + 4) / 6, (t * t * t) / 6]
}

/**
 * First value of the backward filter at the last sample of a line whose source goes on constant.
 * @param last   Forward-filtered last sample.
 * @param before Forward-filtered sample before it.
 */
export function backwardStart(last: number, before: number, pole: number): number {
  const steady = (last - pole * before) / (1 - pole)
  return -((steady * pole) / (1 - pole) + ((last - steady) * pole) / (1 - pole * pole))
}

/**
 * Turns lines of samples into spline coefficients in place.
 * @param lines [count][inner]: `inner` lines side by side, each `count` >= 2 long.
 */
export function prefilterLines(lines: Float64Array, count: number, inner: number, order: number): void {
  const { pole, gain } = prefilterConstants(order)
  const end = count * inner
  for (let j = 0; j < inner; j++) lines[j] *= gain / (1 - pole)
  for (let j = inner; j < end; j++) lines[j] = gain * lines[j] + pole * lines[j - inner]
  for (let j = end - inner; j < end; j++) lines[j] = backwardStart(lines[j], lines[j - inner], pole)
  for (let j = end - inner - 1; j >= 0; j--) lines[j] = pole * (lines[j + inner] - lines[j])
}
