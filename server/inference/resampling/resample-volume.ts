import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import { AxisResampler } from './axis-resampler.ts'
import { type ResampleOptions, type ResamplePlan, resamplePlan } from './plan.ts'
import { PlaneFinisher, PlaneResampler } from './plane-steps.ts'
import { RangeCollector } from './value-ranges.ts'

/**
 * A volume on another grid, as nnU-Net v2 resamples image data; all of it in memory.
 *
 * Separable splines with constant edges, clipped to the range of the source (of each slice with a separate axis).
 * Jobs use the form by slabs; this one is what tests compare it with.
 *
 * @param voxels   [z, y, x]; not changed.
 * @param newShape Shape to reach, see `resampledShape`.
 * @returns New array, [z, y, x] of the new shape.
 * @see nnunetv2/preprocessing/resampling/default_resampling.py, resample_data_or_seg
 */
export function resampleData(
  voxels: Float32Array,
  shapeZyx: Zyx,
  newShapeZyx: Zyx,
  options: ResampleOptions,
): Float32Array {
  const plan = resamplePlan(shapeZyx, newShapeZyx, options)
  const collector = new RangeCollector(plan)
  const planeVox = shapeZyx[1] * shapeZyx[2]
  for (let z = 0; z < shapeZyx[0]; z++) collector.add(voxels.subarray(z * planeVox, (z + 1) * planeVox))
  const columns = resampleAlongZ(new PlaneResampler(plan).run(voxels), plan)
  const finisher = new PlaneFinisher(plan, [collector.ranges])
  const midVox = plan.midYx[0] * plan.midYx[1]
  const out = new Float32Array(numVoxels(newShapeZyx))
  for (let z = 0; z < newShapeZyx[0]; z++) {
    const plane = finisher.run(columns.subarray(z * midVox, (z + 1) * midVox))
    out.set(plane, z * newShapeZyx[1] * newShapeZyx[2])
  }
  return out
}

function resampleAlongZ(planes: Float32Array, plan: ResamplePlan): Float32Array {
  const [size, newSize] = [plan.shapeZyx[0], plan.newShapeZyx[0]]
  if (size === newSize) return planes
  const midVox = plan.midYx[0] * plan.midYx[1]
  const out = new Float32Array(newSize * midVox)
  new AxisResampler(size, newSize, midVox, plan.orderAlongZ).run(planes, out)
  return out
}

/** Outputs of a network, [channel, z, y, x], on another grid: every channel as `resampleData` does it. */
export function resampleLogits(
  logits: Float32Array,
  shapeZyx: Zyx,
  newShapeZyx: Zyx,
  options: ResampleOptions,
): Float32Array {
  const vox = numVoxels(shapeZyx)
  const newVox = numVoxels(newShapeZyx)
  const numChannels = logits.length / vox
  const out = new Float32Array(numChannels * newVox)
  for (let channel = 0; channel < numChannels; channel++) {
    const volume = logits.subarray(channel * vox, (channel + 1) * vox)
    out.set(resampleData(volume, shapeZyx, newShapeZyx, options), channel * newVox)
  }
  return out
}
