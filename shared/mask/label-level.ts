import type { Zyx } from '../volume/zyx.ts'
import { blockGridShape, downsampleLabels, type LabelArray, notComputed } from './preview-rule.ts'

/**
 * Labels on a grid of blocks of `factor` voxels, brought to the grid of blocks of `bin` voxels of the same volume.
 *
 * Where the target is coarser by a whole number, blocks are merged by the preview rule (DESIGN §4), and a target
 * block with any part not computed is not computed. Otherwise each target block takes the label at its centre:
 * exact wherever `bin` divides `factor`.
 *
 * @param labels         z, y, x order; shape ceil(source / factor). Not changed; returned as it is when bin = factor.
 * @param factor         Source voxels per label voxel and axis, whole, >= 1; 1 is a full-resolution mask.
 * @param sourceShapeZyx Shape of the volume, voxels.
 * @param bin            Source voxels per target voxel and axis, whole, >= 1.
 * @param hasUnknown     True when the largest value of the type means "not computed yet".
 * @returns labels of shape ceil(source / bin), same type
 */
export function labelsOnLevel<T extends LabelArray>(
  labels: T,
  factor: number,
  sourceShapeZyx: Zyx,
  bin: number,
  hasUnknown: boolean,
): T {
  if (bin === factor) return labels
  const gridShape = blockGridShape(sourceShapeZyx, factor)
  if (bin % factor === 0) return mergeBlocks(labels, gridShape, bin / factor, hasUnknown)
  return pickCentres(labels, gridShape, factor, sourceShapeZyx, bin)
}

function mergeBlocks<T extends LabelArray>(labels: T, shapeZyx: Zyx, ratio: number, hasUnknown: boolean): T {
  const merged = downsampleLabels(labels, shapeZyx, ratio)
  if (hasUnknown) markUnknown(labels, shapeZyx, ratio, merged)
  return merged
}

function markUnknown(labels: LabelArray, [sz, sy, sx]: Zyx, ratio: number, merged: LabelArray): void {
  const unknown = notComputed(labels)
  const [, ny, nx] = blockGridShape([sz, sy, sx], ratio)
  for (let z = 0, at = 0; z < sz; z++)
    for (let y = 0; y < sy; y++) {
      const row = (Math.floor(z / ratio) * ny + Math.floor(y / ratio)) * nx
      for (let x = 0; x < sx; x++, at++) if (labels[at] === unknown) merged[row + Math.floor(x / ratio)] = unknown
    }
}

function pickCentres<T extends LabelArray>(
  labels: T,
  gridShape: Zyx,
  factor: number,
  sourceShapeZyx: Zyx,
  bin: number,
): T {
  const shape = blockGridShape(sourceShapeZyx, bin)
  const size = shape[0] * shape[1] * shape[2]
  const out = (labels instanceof Uint8Array ? new Uint8Array(size) : new Uint16Array(size)) as T
  const [zs, ys, xs] = sourceShapeZyx.map((length) => blockCentres(length, factor, bin))
  spreadLabels(labels, gridShape, [zs, ys, xs], out)
  return out
}

/**
 * For each block of `bin` voxels along one axis, the block of `factor` voxels that holds its middle.
 * @param sourceLength of the volume along the axis, voxels
 * @returns ascending
 */
export function blockCentres(sourceLength: number, factor: number, bin: number): Int32Array<ArrayBuffer> {
  const index = new Int32Array(Math.ceil(sourceLength / bin))
  for (let p = 0; p < index.length; p++) {
    const last = Math.min((p + 1) * bin, sourceLength) - 1
    index[p] = Math.floor((p * bin + last) / 2 / factor)
  }
  return index
}

/**
 * Gives each voxel of a finer grid one of a coarser grid.
 *
 * @param labels    z, y, x order, of `shapeZyx`; only planes, rows and columns that `takenZyx` names are read.
 * @param takenZyx  For each plane, row and column of `out`: that of `labels`.
 * @param out       Written from end to end.
 */
export function spreadLabels(
  labels: LabelArray,
  [, sy, sx]: Zyx,
  [zs, ys, xs]: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
  out: LabelArray,
): void {
  const planeSize = ys.length * xs.length
  for (let z = 0, at = 0; z < zs.length; z++) {
    // Planes and rows that take the same are the same: most of a grid that is finer than its labels.
    if (z > 0 && zs[z] === zs[z - 1]) {
      out.copyWithin(at, at - planeSize, at)
      at += planeSize
      continue
    }
    for (let y = 0; y < ys.length; y++, at += xs.length) {
      const row = (zs[z] * sy + ys[y]) * sx
      if (y > 0 && ys[y] === ys[y - 1]) out.copyWithin(at, at - xs.length, at)
      else for (let x = 0; x < xs.length; x++) out[at + x] = labels[row + xs[x]]
    }
  }
}
