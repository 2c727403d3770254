import type { ResamplePlan, ValueRanges } from './plan.ts'
import { rangeOf } from './plane-steps.ts'

/**
 * Collects, plane by plane, the ranges that a resampling clips to: of the volume, or of each y or x of a separate axis.
 * One channel. Nothing is collected for plans that need no range before the start (`ranges` is then still valid).
 */
export class RangeCollector {
  readonly ranges: ValueRanges
  private readonly plan: ResamplePlan

  constructor(plan: ResamplePlan) {
    const [, sizeY, sizeX] = plan.shapeZyx
    const length = plan.clip === 'rows' ? sizeY : plan.clip === 'columns' ? sizeX : 1
    this.plan = plan
    this.ranges = {
      min: new Float32Array(length).fill(Number.POSITIVE_INFINITY),
      max: new Float32Array(length).fill(Number.NEGATIVE_INFINITY),
    }
  }

  /** Takes one source plane, [y, x]. Order does not matter. */
  add(plane: Float32Array): void {
    const [, sizeY, sizeX] = this.plan.shapeZyx
    const { clip } = this.plan
    if (clip === 'volume') this.widen(0, rangeOf(plane, 0, plane.length, 1))
    if (clip === 'rows') for (let y = 0; y < sizeY; y++) this.widen(y, rangeOf(plane, y * sizeX, sizeX, 1))
    if (clip === 'columns') for (let x = 0; x < sizeX; x++) this.widen(x, rangeOf(plane, x, sizeY, sizeX))
  }

  private widen(at: number, [min, max]: [number, number]): void {
    if (min < this.ranges.min[at]) this.ranges.min[at] = min
    if (max > this.ranges.max[at]) this.ranges.max[at] = max
  }
}
