import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { downsamplePlanes } from '../preview-rule.ts'
import type { LabelBricks } from './label-bricks.ts'
import type { VoxelBox } from './mask-change.ts'

/** Part of a level of a label map: blocks of `bin` voxels, by the preview rule (DESIGN §4, §5). */
export interface LevelPatch {
  bin: number
  /** In the level. */
  startZyx: Zyx
  shapeZyx: Zyx
  /** z, y, x order. */
  labels: Uint16Array
}

/**
 * The part of a level that a box of the map lies in: the same values as in the level of the whole map. One layer of
 * blocks is held beside the result.
 * @param box inside the volume
 */
export function levelPatch(bricks: LabelBricks, box: VoxelBox, bin: number): LevelPatch {
  const start = box.startZyx.map((at) => Math.floor(at / bin))
  const end = box.startZyx.map((at, axis) => Math.ceil((at + box.shapeZyx[axis]) / bin))
  const shape = start.map((at, axis) => end[axis] - at) as unknown as Zyx
  const labels = new Uint16Array(numVoxels(shape))
  const layer = shape[1] * shape[2]
  for (let bz = 0; bz < shape[0]; bz++) {
    const z = (start[0] + bz) * bin
    const from: Zyx = [z, start[1] * bin, start[2] * bin]
    const slabShape: Zyx = [
      Math.min(bin, bricks.shapeZyx[0] - z),
      Math.min(end[1] * bin, bricks.shapeZyx[1]) - from[1],
      Math.min(end[2] * bin, bricks.shapeZyx[2]) - from[2],
    ]
    const slab = bricks.readBox(from, slabShape)
    const out = labels.subarray(bz * layer, (bz + 1) * layer)
    if (bin === 1) out.set(slab)
    else downsamplePlanes(slab, slabShape, bin, out)
  }
  return { bin, startZyx: start as unknown as Zyx, shapeZyx: shape, labels }
}
