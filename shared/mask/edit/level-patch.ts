import { numVoxels, type Zyx } from '../../volume/zyx.ts'
import { downsampleLabels, type LabelArray } from '../preview-rule.ts'
import { BRICK, type LabelBricks } from './label-bricks.ts'
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
 * The part of a level that a box of the map lies in: the same values as in the level of the whole map. Each brick is
 * unpacked once; one brick's voxels are held beside the result.
 * @param box inside the volume
 */
export function levelPatch(bricks: LabelBricks, box: VoxelBox, bin: number): LevelPatch {
  const start = box.startZyx.map((at) => Math.floor(at / bin)) as unknown as Zyx
  const end = box.startZyx.map((at, axis) => Math.ceil((at + box.shapeZyx[axis]) / bin))
  const shape = start.map((at, axis) => end[axis] - at) as unknown as Zyx
  const patch = { bin, startZyx: start, shapeZyx: shape, labels: new Uint16Array(numVoxels(shape)) }
  // Tiles of whole blocks that begin where bricks begin, for bins that divide 64; any bin is right.
  const edge = Math.max(1, Math.floor(BRICK / bin))
  const firsts = (axis: number) => {
    const found: number[] = []
    for (let at = start[axis]; at < end[axis]; at = (Math.floor(at / edge) + 1) * edge) found.push(at)
    return found
  }
  const stop = (at: number, axis: number) => Math.min(end[axis], (Math.floor(at / edge) + 1) * edge)
  for (const z of firsts(0))
    for (const y of firsts(1))
      for (const x of firsts(2)) writeTile(bricks, patch, [z, y, x], [stop(z, 0) - z, stop(y, 1) - y, stop(x, 2) - x])
  return patch
}

/** Downsamples one tile. @param at, size in the level */
function writeTile(bricks: LabelBricks, { bin, startZyx, shapeZyx, labels }: LevelPatch, at: Zyx, size: Zyx): void {
  const from = at.map((one) => one * bin) as unknown as Zyx
  const shape = from.map((one, axis) => Math.min(size[axis] * bin, bricks.shapeZyx[axis] - one)) as unknown as Zyx
  const brick = bricks.brickAt(...from)
  const isOneBrick = brick === bricks.brickAt(from[0] + shape[0] - 1, from[1] + shape[1] - 1, from[2] + shape[2] - 1)
  const only = isOneBrick ? bricks.onlyLabelOf(brick) : null
  if (only === 0) return
  const tile = only === null ? tileOf(bricks.readBox(from, shape), shape, bin) : null
  for (let z = 0, row = 0; z < size[0]; z++)
    for (let y = 0; y < size[1]; y++, row++) {
      const to = ((at[0] + z - startZyx[0]) * shapeZyx[1] + at[1] + y - startZyx[1]) * shapeZyx[2] + at[2] - startZyx[2]
      if (tile) labels.set(tile.subarray(row * size[2], (row + 1) * size[2]), to)
      else labels.fill(only ?? 0, to, to + size[2])
    }
}

/** Most masks have few labels, which are counted faster as bytes. */
function tileOf(labels: Uint16Array, shape: Zyx, bin: number): LabelArray {
  if (bin === 1) return labels
  return downsampleLabels(labels.every((label) => label < 256) ? Uint8Array.from(labels) : labels, shape, bin)
}
