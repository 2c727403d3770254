import type { RegionOfInterest } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { tiledShape } from './model-grid.ts'

/** A permutation of three axes. */
export type Axes = readonly [number, number, number]

/**
 * The order in which a run walks the axes of a volume. Its first axis is the one that planes are streamed along; axis k
 * is axis `ofFile[k]` of the volume (0 = z) and axis `ofModel[k]` of the network's input (0 = D).
 */
export interface AxisOrder {
  ofFile: Axes
  ofModel: Axes
}

export const SAME_AXES: Axes = [0, 1, 2]

export function isSameAxes(axes: Axes): boolean {
  return axes.every((axis, i) => axis === i)
}

/** A triple with its entries put in another order: entry k is entry `axes[k]` of the given one. */
export function reordered<T>(triple: readonly [T, T, T], axes: Axes): [T, T, T] {
  return [triple[axes[0]], triple[axes[1]], triple[axes[2]]]
}

/** The permutation that undoes another. */
export function inverse(axes: Axes): Axes {
  return [axes.indexOf(0), axes.indexOf(1), axes.indexOf(2)]
}

/** Shape and voxel size of a volume whose axes are put in another order. */
export function reorderedPlace<T extends Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx'>>(header: T, axes: Axes): T {
  const voxelSizeZyx = header.voxelSizeZyx && reordered(header.voxelSizeZyx, axes)
  return { ...header, shapeZyx: reordered(header.shapeZyx, axes), voxelSizeZyx }
}

/** The part of a volume that is segmented, as a volume of its own: its place in the world is not told. */
export function regionPlace<T extends Pick<VolumeHeader, 'shapeZyx'>>(header: T, roi: RegionOfInterest | undefined): T {
  if (!roi) return header
  const [z, y, x] = roi
  return { ...header, shapeZyx: [z[1] - z[0], y[1] - y[0], x[1] - x[0]] }
}

/** Another axis than z must save this share and this many bytes of the ring: along z a file is read from end to end. */
const LEAST_SHARE_SAVED = 0.25
const LEAST_BYTES_SAVED = 64 * 1024 * 1024

/**
 * The axis order of a run: the model's transposition, and of the volume's z and y the axis that makes the ring of planes
 * smallest. Never x: a file would be read once for every few planes.
 * @param volume the part of it that is segmented
 * @param patch  the patch in the order of the model's axes
 */
export function chooseAxisOrder(
  manifest: ModelManifest,
  volume: Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit'>,
  patch: Zyx,
): AxisOrder {
  const forward = manifest.axes.transpose_forward
  const shape = tiledShape(manifest, reorderedPlace(volume, forward))
  const padded = shape.map((size, axis) => Math.max(size, patch[axis])) as unknown as Zyx
  const bytesAlong = (axis: number) =>
    4 * (manifest.output.channels + manifest.input.channels) * patch[axis] * (numVoxels(padded) / padded[axis])
  const [alongZ, alongY] = [forward.indexOf(0), forward.indexOf(1)]
  const saved = bytesAlong(alongZ) - bytesAlong(alongY)
  const isY = saved > LEAST_BYTES_SAVED && saved > LEAST_SHARE_SAVED * bytesAlong(alongZ)
  const first = isY ? alongY : alongZ
  const ofModel = [first, ...SAME_AXES.filter((axis) => axis !== first)] as unknown as Axes
  return { ofModel, ofFile: reordered(forward, ofModel) }
}
