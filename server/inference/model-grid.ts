import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'
import { inUnit } from '../../shared/volume/length-units.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { resampledShape, separateAxis } from './resampling/new-shape.ts'
import type { ResampleOptions } from './resampling/plan.ts'

/** Spacing may differ by this share before the user is told. */
const SPACING_TOLERANCE = 0.2

/** An axis that grows or shrinks more than this comes of a wrong unit, not of another microscope. */
const MOST_RESAMPLING = 100

/** Longer than any axis that is segmented: what streams along it is as long. */
const LONGEST_AXIS_VOX = 100_000

/** The part of a header that says where a volume's voxels are. */
type Placed = Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit'>

/** How a volume comes to the network's grid and its logits back. */
export interface ModelGrid {
  shapeZyx: Zyx
  data: ResampleOptions
  logits: ResampleOptions
}

/** Voxel size of a volume in the unit of a model; null where one of them is unknown. */
function sizeInModelUnit({ spacing: { unit: wanted } }: ModelManifest, { voxelSizeZyx, unit }: Placed): Zyx | null {
  if (wanted === null || voxelSizeZyx === null || unit === null) return null
  const inModelUnit = (size: number) => inUnit(size, unit, wanted)
  return [inModelUnit(voxelSizeZyx[0]), inModelUnit(voxelSizeZyx[1]), inModelUnit(voxelSizeZyx[2])]
}

/**
 * The grid that a network runs on where it is not the volume's own: the model's policy is `resample` and its spacing
 * gives another shape. Null where the volume is used as it is.
 * @throws {DomainError} `request_invalid` where the sizes are so far apart that one of the units is wrong
 * @see nnunetv2/preprocessing/resampling/default_resampling.py
 */
export function modelGrid(manifest: ModelManifest, volume: Placed): ModelGrid | null {
  const { target_zyx: target, policy } = manifest.spacing
  const size = sizeInModelUnit(manifest, volume)
  if (policy !== 'resample' || target === null || size === null) return null
  const shapeZyx = resampledShape(volume.shapeZyx, size, target)
  if (shapeZyx.join() === volume.shapeZyx.join()) return null
  if (volume.shapeZyx.some((from, axis) => isBeyondReason(from, shapeZyx[axis], size[axis] / target[axis])))
    throw unitsDoubtful(manifest, volume, shapeZyx)
  const { data, logits, anisotropy_threshold: threshold, separate_z: force } = manifest.resampling
  return {
    shapeZyx,
    data: { order: data.order, orderZ: data.order_z, separateAxis: separateAxis(size, target, threshold, force) },
    logits: { order: logits.order, orderZ: logits.order_z, separateAxis: separateAxis(target, size, threshold, force) },
  }
}

/**
 * The axis of a plane (1 = y, 2 = x) whose slices are clipped each to its own range when a volume is resampled; null where
 * one range is enough, or none is needed.
 */
export function sliceAxis(manifest: ModelManifest, volume: Placed): 1 | 2 | null {
  const { target_zyx: target, policy } = manifest.spacing
  const { data, anisotropy_threshold: threshold, separate_z: force } = manifest.resampling
  const size = sizeInModelUnit(manifest, volume)
  if (policy !== 'resample' || target === null || size === null || data.order < 2) return null
  return separateAxis(size, target, threshold, force) || null
}

/** An axis of one voxel stays one, however thick its slice is. */
function isBeyondReason(fromVox: number, toVox: number, factor: number): boolean {
  const isShrunk = fromVox > 1 && !(factor * MOST_RESAMPLING >= 1)
  return isShrunk || !(toVox <= Math.min(LONGEST_AXIS_VOX, fromVox * MOST_RESAMPLING))
}

function unitsDoubtful({ spacing }: ModelManifest, { voxelSizeZyx, unit }: Placed, shapeZyx: Zyx): DomainError {
  const reason =
    `voxels of ${voxelSizeZyx?.join(' × ')} ${unit} resampled to the ${spacing.target_zyx?.join(' × ')} ${spacing.unit} of the model ` +
    `make ${shapeZyx.join(' × ')} voxels (z, y, x)`
  return new DomainError('request_invalid', { reason, hint: 'Check the unit of the voxel size.' })
}

/** A model whose spacing is in the order of a run: axis k of the run is axis `ofModel[k]` of the model. */
export function manifestAlong(manifest: ModelManifest, ofModel: readonly [number, number, number]): ModelManifest {
  const { target_zyx: target } = manifest.spacing
  if (target === null) return manifest
  const along: [number, number, number] = [target[ofModel[0]], target[ofModel[1]], target[ofModel[2]]]
  return { ...manifest, spacing: { ...manifest.spacing, target_zyx: along } }
}

/** Shape of the grid that the tiles of a job lie on. */
export function tiledShape(manifest: ModelManifest, volume: Placed): Zyx {
  return modelGrid(manifest, volume)?.shapeZyx ?? volume.shapeZyx
}

/**
 * What the user should know of a volume's voxel size for this model. Nothing for policy `any`.
 * @param isWhole false where only a part of the volume is segmented, whose grid is another
 */
export function spacingWarnings(manifest: ModelManifest, volume: Placed, isWhole: boolean): VolumeWarning[] {
  const { target_zyx: target, unit, policy } = manifest.spacing
  if (policy === 'any' || target === null || unit === null) return []
  const wanted = `${target.join(' × ')} ${unit} (z, y, x)`
  const size = sizeInModelUnit(manifest, volume)
  if (size === null) {
    const message = `The voxel size of the volume is unknown; the model expects ${wanted}, and the volume was used as it is.`
    return [{ code: 'voxel_size_unknown', message }]
  }
  const found = `${size.map((value) => Number(value.toPrecision(4))).join(' × ')} ${unit}`
  const grid = modelGrid(manifest, volume)
  if (grid) {
    const onGrid = isWhole ? `, on ${grid.shapeZyx.join(' × ')} voxels` : ''
    return [{ code: 'volume_resampled', message: `Voxels are ${found}; the network ran at ${wanted}${onGrid}.` }]
  }
  const isFar = size.some((value, axis) => Math.abs(value / target[axis] - 1) > SPACING_TOLERANCE)
  return isFar ? [{ code: 'spacing_differs', message: `Voxels are ${found}, the model expects ${wanted}.` }] : []
}
