import { AxisResampler } from './axis-resampler.ts'
import type { ResamplePlan, ValueRanges } from './plan.ts'

/** The first step: x and y of a stack of planes (channels, or all planes of a volume). */
export class PlaneResampler {
  private readonly x: AxisResampler | null
  private readonly y: AxisResampler | null
  private readonly clipPlane: boolean
  private readonly fromYx: readonly [number, number]
  private readonly toYx: readonly [number, number]

  constructor(plan: ResamplePlan) {
    const [, sizeY, sizeX] = plan.shapeZyx
    const [midY, midX] = plan.midYx
    this.fromYx = [sizeY, sizeX]
    this.toYx = plan.midYx
    this.x = sizeX === midX ? null : new AxisResampler(sizeX, midX, 1, plan.orderYx)
    this.y = sizeY === midY ? null : new AxisResampler(sizeY, midY, midX, plan.orderYx)
    this.clipPlane = plan.clip === 'plane'
  }

  /** Resamples `planes` [n][y][x] into a new array. */
  run(planes: Float32Array): Float32Array {
    const numPlanes = planes.length / (this.fromYx[0] * this.fromYx[1])
    const out = new Float32Array(numPlanes * this.toYx[0] * this.toYx[1])
    if (!this.x && !this.y) out.set(planes)
    else if (!this.x) this.y?.run(planes, out)
    else if (!this.y) this.x.run(planes, out)
    else {
      // Double precision between the two axes: one plane at a time.
      const fromVox = this.fromYx[0] * this.fromYx[1]
      const toVox = this.toYx[0] * this.toYx[1]
      const between = new Float64Array(this.fromYx[0] * this.toYx[1])
      for (let plane = 0; plane < numPlanes; plane++) {
        this.x.run(planes.subarray(plane * fromVox, (plane + 1) * fromVox), between)
        this.y.run(between, out.subarray(plane * toVox, (plane + 1) * toVox))
      }
    }
    if (this.clipPlane) clipPlanes(planes, out, numPlanes)
    return out
  }
}

/** Clips every plane of `out` to the range of the same plane of `planes`. */
function clipPlanes(planes: Float32Array, out: Float32Array, numPlanes: number): void {
  for (let plane = 0; plane < numPlanes; plane++) {
    const fromVox = planes.length / numPlanes
    const toVox = out.length / numPlanes
    const [min, max] = rangeOf(planes, plane * fromVox, fromVox, 1)
    clip(out, plane * toVox, toVox, 1, min, max)
  }
}

/** Smallest and largest of `count` values, `stride` apart. */
export function rangeOf(values: Float32Array, from: number, count: number, stride: number): [number, number] {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0, at = from; i < count; i++, at += stride) {
    if (values[at] < min) min = values[at]
    if (values[at] > max) max = values[at]
  }
  return [min, max]
}

function clip(values: Float32Array, from: number, count: number, stride: number, min: number, max: number): void {
  for (let i = 0, at = from; i < count; i++, at += stride) {
    if (values[at] < min) values[at] = min
    else if (values[at] > max) values[at] = max
  }
}

/** The last steps on planes of the new z: clipping to ranges known before, and the separate axis if it is y or x. */
export class PlaneFinisher {
  private readonly plan: ResamplePlan
  private readonly ranges: readonly ValueRanges[]
  private readonly separate: AxisResampler | null

  /** @param ranges One per channel; not looked at unless the plan clips after z. */
  constructor(plan: ResamplePlan, ranges: readonly ValueRanges[]) {
    const [, newY, newX] = plan.newShapeZyx
    const [midY, midX] = plan.midYx
    this.plan = plan
    this.ranges = ranges
    if (midY !== newY) this.separate = new AxisResampler(midY, newY, midX, plan.orderZ)
    else if (midX !== newX) this.separate = new AxisResampler(midX, newX, 1, plan.orderZ)
    else this.separate = null
  }

  /** Finishes `planes` [channel][y][x]; may change them. Returns a new array, or the same. */
  run(planes: Float32Array): Float32Array {
    const numChannels = planes.length / (this.plan.midYx[0] * this.plan.midYx[1])
    for (let channel = 0; channel < numChannels; channel++) this.clipChannel(planes, channel)
    if (!this.separate) return planes
    const [, newY, newX] = this.plan.newShapeZyx
    const out = new Float32Array(numChannels * newY * newX)
    this.separate.run(planes, out)
    return out
  }

  private clipChannel(planes: Float32Array, channel: number): void {
    const [sizeY, sizeX] = this.plan.midYx
    const { clip: how } = this.plan
    if (how === 'none' || how === 'plane') return
    const { min, max } = this.ranges[channel]
    const from = channel * sizeY * sizeX
    if (how === 'volume') clip(planes, from, sizeY * sizeX, 1, min[0], max[0])
    else if (how === 'rows') for (let y = 0; y < sizeY; y++) clip(planes, from + y * sizeX, sizeX, 1, min[y], max[y])
    else for (let x = 0; x < sizeX; x++) clip(planes, from + x, sizeY, sizeX, min[x], max[x])
  }
}
