import type { Zyx } from '../../../shared/volume/zyx.ts'
import { type ResampleOptions, type ResamplePlan, resamplePlan, type ValueRanges } from './plan.ts'
import { PlaneFinisher, PlaneResampler } from './plane-steps.ts'
import { axisTaps, needsPrefilter } from './spline.ts'
import { RangeCollector } from './value-ranges.ts'
import { createZResampler, firstSourcePlane, mostPlanesHeld, type ZResampler } from './z-resampler.ts'

export interface SlabOptions extends ResampleOptions {
  /** Channels of a plane; 1 unless said otherwise. */
  numChannels?: number
  /** Per channel, from `dataRanges`. Needed for orders 2 and 3 unless the separate axis is z; see `needsRanges`. */
  ranges?: readonly ValueRanges[]
}

/** True if splines will be clipped to ranges that must be known before the first plane. */
export function needsRanges(shapeZyx: Zyx, newShapeZyx: Zyx, options: ResampleOptions): boolean {
  return ['volume', 'rows', 'columns'].includes(resamplePlan(shapeZyx, newShapeZyx, options).clip)
}

/** Reads every plane of one channel once for the ranges that clipping needs; reads nothing where it needs none. */
export async function dataRanges(
  readPlane: (z: number) => Promise<Float32Array>,
  shapeZyx: Zyx,
  newShapeZyx: Zyx,
  options: ResampleOptions,
): Promise<ValueRanges> {
  const collector = new RangeCollector(resamplePlan(shapeZyx, newShapeZyx, options))
  if (needsRanges(shapeZyx, newShapeZyx, options)) {
    for (let z = 0; z < shapeZyx[0]; z++) collector.add(await readPlane(z))
  }
  return collector.ranges
}

/**
 * Resamples planes while they arrive: for data (one channel, splines) and for outputs of a network (order 1) alike.
 *
 * Push the source planes in ascending z, each once; the planes of the new grid come out in ascending z. Orders 0 and 1
 * give the bytes of `resampleData`; splines along z agree with it to 1e-7 of the largest value.
 * Memory: see `slabBytes`.
 */
export class SlabResampler {
  private readonly plan: ResamplePlan
  private readonly planes: PlaneResampler
  private readonly along: ZResampler
  private readonly finisher: PlaneFinisher

  /** @param firstNewZ the first plane wanted of the new grid: then the first one pushed is `firstPlaneNeeded`; not with splines along z */
  constructor(shapeZyx: Zyx, newShapeZyx: Zyx, options: SlabOptions, firstNewZ = 0) {
    if (needsRanges(shapeZyx, newShapeZyx, options) && options.ranges?.length !== (options.numChannels ?? 1)) {
      throw new Error('splines are clipped to the range of the source: one entry of ranges per channel is needed')
    }
    this.plan = resamplePlan(shapeZyx, newShapeZyx, options)
    this.planes = new PlaneResampler(this.plan)
    this.along = createZResampler(shapeZyx[0], newShapeZyx[0], this.plan.orderAlongZ, firstNewZ)
    this.finisher = new PlaneFinisher(this.plan, options.ranges ?? [])
  }

  /**
   * Takes the next source plane and gives the new planes that are now final.
   * @param plane [channel, y, x]; not changed and not kept.
   * @returns Planes [channel, y, x] of the new grid; each a new array of the caller's. Read them all before the next push.
   */
  *push(plane: Float32Array): Generator<Float32Array> {
    const resampled = this.along.needsNext() ? this.planes.run(plane) : plane
    for (const next of this.along.push(resampled)) yield this.finisher.run(next)
  }
}

/**
 * A volume on another grid, plane by plane; the streaming form of `resampleData` and `resampleLogits`.
 * @param readPlane Called once for every z of the source, ascending. Its array is not changed, and not kept.
 * @returns Planes [channel, y, x] of the new grid in ascending z, each a new array.
 */
export async function* resampleSlabs(
  readPlane: (z: number) => Promise<Float32Array>,
  shapeZyx: Zyx,
  newShapeZyx: Zyx,
  options: SlabOptions,
): AsyncGenerator<Float32Array> {
  const resampler = new SlabResampler(shapeZyx, newShapeZyx, options)
  for (let z = 0; z < shapeZyx[0]; z++) yield* resampler.push(await readPlane(z))
}

/**
 * The first plane of the source that makes a difference to plane `newZ` of the new grid and to those after it. Splines
 * along z need all.
 */
export function firstPlaneNeeded(newZ: number, shapeZyx: Zyx, newShapeZyx: Zyx, options: ResampleOptions): number {
  const { orderAlongZ } = resamplePlan(shapeZyx, newShapeZyx, options)
  const [size, newSize] = [shapeZyx[0], newShapeZyx[0]]
  if (size === newSize) return newZ
  return needsPrefilter(orderAlongZ) ? 0 : firstSourcePlane(axisTaps(size, newSize, orderAlongZ), newZ, size)
}

/** Most bytes a `SlabResampler` holds, with the plane it is given and the one it gives. */
export function slabBytes(
  shapeZyx: Zyx,
  newShapeZyx: Zyx,
  options: ResampleOptions & { numChannels?: number },
): number {
  const { midYx, orderAlongZ, orderYx } = resamplePlan(shapeZyx, newShapeZyx, options)
  const numChannels = options.numChannels ?? 1
  const midVox = midYx[0] * midYx[1]
  const held = mostPlanesHeld(shapeZyx[0], newShapeZyx[0], orderAlongZ)
  const float32 = numChannels * (shapeZyx[1] * shapeZyx[2] + (held + 2) * midVox + newShapeZyx[1] * newShapeZyx[2])
  // Between x and y, spline coefficients along y, the sum of the backward filter.
  const float64 = shapeZyx[1] * midYx[1] * (orderYx > 1 ? 2 : 1) + (orderAlongZ > 1 ? numChannels * midVox : 0)
  return 4 * float32 + 8 * float64
}
