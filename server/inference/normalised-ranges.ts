import type { ValueArray } from '../../shared/volume/voxel-values.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { VoxelBox } from './cropped-source.ts'
import type { FilledMask } from './filled-mask.ts'
import type { Normaliser } from './normalise.ts'
import type { ValueRanges } from './resampling/plan.ts'

/** What must be known of the values of a slice, or of a volume, to tell their range once normalised. */
export interface KnownValues {
  /** Of the finite ones; `min` above `max` where there is none. */
  min: number
  max: number
  hasNonfinite: boolean
  /** Zeros that `min` and `max` leave out: those that are normalised, and those that a mask leaves as they are. */
  hasZeros: boolean
  hasOutside: boolean
}

/**
 * Ranges of normalised values, without normalising them all: every normalisation keeps the order of the values, or turns
 * it round, so that the ends go through it and nothing else. Bit for bit those of the normalised planes.
 * @param isByMask a mask says what is normalised, not the value
 */
export function normalisedRanges(known: readonly KnownValues[], normalise: Normaliser, isByMask: boolean): ValueRanges {
  const ranges = { min: new Float32Array(known.length), max: new Float32Array(known.length) }
  for (const [i, { min, max, hasNonfinite, hasZeros, hasOutside }] of known.entries()) {
    const inside = [...(min <= max ? [min, max] : []), ...(hasNonfinite ? [Number.NaN] : []), ...(hasZeros ? [0] : [])]
    const values = Float32Array.from(hasOutside ? [...inside, 0] : inside)
    normalise(values, isByMask ? Uint8Array.from(values, (_, at) => (at < inside.length ? 1 : 0)) : null, values)
    ranges.min[i] = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
    ranges.max[i] = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  }
  return ranges
}

/** Ranges of the values that are not zero in every slice across y (axis 1) or x (axis 2), collected from whole planes. */
export class SliceValues {
  private readonly min: Float32Array
  private readonly max: Float32Array
  private readonly numNonzero: Float64Array
  private readonly numNonfinite: Float64Array
  private readonly axis: 1 | 2
  private readonly shape: Zyx

  constructor(axis: 1 | 2, shape: Zyx) {
    this.axis = axis
    this.shape = shape
    this.min = new Float32Array(shape[axis]).fill(Number.POSITIVE_INFINITY)
    this.max = new Float32Array(shape[axis]).fill(Number.NEGATIVE_INFINITY)
    this.numNonzero = new Float64Array(shape[axis])
    this.numNonfinite = new Float64Array(shape[axis])
  }

  /** Takes whole planes. */
  add(planes: ValueArray): void {
    const { min, max, axis } = this
    const [, sizeY, sizeX] = this.shape
    for (let row = 0, at = 0; at < planes.length; row++)
      for (let x = 0; x < sizeX; x++, at++) {
        const value = planes[at]
        if (value === 0) continue
        const slice = axis === 1 ? row % sizeY : x
        this.numNonzero[slice]++
        if (value - value !== 0) this.numNonfinite[slice]++
        else {
          if (value < min[slice]) min[slice] = value
          if (value > max[slice]) max[slice] = value
        }
      }
  }

  /** Of the slices of a box that holds all that is not zero. @param mask of the box, where it leaves zeros out */
  known({ startZyx, shapeZyx }: VoxelBox, mask: FilledMask | null): KnownValues[] {
    const numOutside = mask?.numOutsideAcross(this.axis)
    const sliceVox = shapeZyx[0] * shapeZyx[this.axis === 1 ? 2 : 1]
    return Array.from({ length: shapeZyx[this.axis] }, (_, i) => {
      const slice = startZyx[this.axis] + i
      const outside = numOutside?.[i] ?? 0
      return {
        min: this.min[slice],
        max: this.max[slice],
        hasNonfinite: this.numNonfinite[slice] > 0,
        hasZeros: sliceVox - this.numNonzero[slice] - outside > 0,
        hasOutside: outside > 0,
      }
    })
  }
}
