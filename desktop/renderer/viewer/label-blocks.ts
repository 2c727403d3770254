import { blockCentres, spreadLabels } from '../../../shared/mask/label-level.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import type { LevelGrid } from './level-grid.ts'

/** Slots on the grid of blocks of `factor` voxels, in display order: all planes of it, or those from `firstPlane` on. */
export interface BlockSlots {
  slots: Uint8Array
  factor: number
  firstPlane: number
  /** Of the whole grid. */
  shapeZyx: Zyx
}

/**
 * Puts the slots of blocks on the finer voxels of the level.
 * @param bitmap slots of the level, z, y, x order; changed in place
 * @returns the planes of the level that were written
 */
export function writeBlocks(
  bitmap: Uint8Array,
  { slots, factor, firstPlane, shapeZyx }: BlockSlots,
  grid: LevelGrid,
): { firstPlane: number; numPlanes: number } {
  const [zs, ys, xs] = takenBlocks(grid, factor)
  const endPlane = firstPlane + slots.length / (shapeZyx[1] * shapeZyx[2])
  const written = zs.filter((plane) => plane >= firstPlane && plane < endPlane)
  const first = Math.max(0, zs.indexOf(written[0]))
  const planeVoxels = ys.length * xs.length
  const taken = written.map((plane) => plane - firstPlane)
  const part = bitmap.subarray(first * planeVoxels, (first + written.length) * planeVoxels)
  spreadLabels(slots, shapeZyx, [taken, ys, xs], part)
  return { firstPlane: first, numPlanes: written.length }
}

/** For each plane, row and column of the level the block that it takes. */
function takenBlocks({ sourceShapeZyx, bin, orientation }: LevelGrid, factor: number) {
  const along = (axis: 0 | 1 | 2) => {
    const length = sourceShapeZyx[axis]
    const blocks = blockCentres(length, factor, bin)
    if (!orientation.isFlippedXyz[2 - axis]) return blocks
    // Blocks are counted from the file's end of the axis.
    const last = Math.ceil(length / factor) - 1
    return blocks.reverse().map((block) => last - block)
  }
  return [along(0), along(1), along(2)] as const
}
