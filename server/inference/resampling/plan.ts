import type { Zyx } from '../../../shared/volume/zyx.ts'

/** How the values of a volume are interpolated on another grid. */
export interface ResampleOptions {
  /** 0 nearest, 1 linear, 2 quadratic, 3 cubic spline. */
  order: number
  /** Order along `separateAxis`; without one it is not used. */
  orderZ: number
  /** Axis resampled apart from the other two, after them; null: none. See `separateAxis` in `new-shape.ts`. */
  separateAxis: 0 | 1 | 2 | null
}

/** Smallest and largest value, of the whole volume or of each slice across the separate axis. */
export interface ValueRanges {
  /** One entry for the whole volume, or one per slice. */
  min: Float32Array
  max: Float32Array
}

/**
 * The steps of a resampling: x and y of each plane, then z, then clipping, then the separate axis if it lies in the plane.
 *
 * nnU-Net resamples slice by slice across the separate axis and clips each slice to its own range; without one it clips
 * to the range of the volume. The separate axis itself is not clipped.
 */
export interface ResamplePlan {
  shapeZyx: Zyx
  newShapeZyx: Zyx
  /** Shape of a plane after the first step. */
  midYx: readonly [number, number]
  /** Orders along x and y of the first step. */
  orderYx: number
  orderAlongZ: number
  /** Order of the separate axis when it is y or x. */
  orderZ: number
  /** Where values are clipped: `plane` before z is resampled (separate z), `rows` and `columns` after it, to each its range. */
  clip: 'none' | 'volume' | 'plane' | 'rows' | 'columns'
  separateAxis: 0 | 1 | 2 | null
}

/** Steps for a volume. Splines of order 2 and 3 overshoot and are clipped; orders 0 and 1 cannot. */
export function resamplePlan(shapeZyx: Zyx, newShapeZyx: Zyx, options: ResampleOptions): ResamplePlan {
  const { order, orderZ, separateAxis } = options
  const unchanged = shapeZyx.every((size, axis) => size === newShapeZyx[axis])
  const clips = ['plane', 'rows', 'columns'] as const
  return {
    shapeZyx,
    newShapeZyx,
    midYx: [separateAxis === 1 ? shapeZyx[1] : newShapeZyx[1], separateAxis === 2 ? shapeZyx[2] : newShapeZyx[2]],
    orderYx: order,
    orderAlongZ: separateAxis === 0 ? orderZ : order,
    orderZ,
    clip: unchanged || order < 2 ? 'none' : separateAxis === null ? 'volume' : clips[separateAxis],
    separateAxis,
  }
}
