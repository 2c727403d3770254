import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'

// 4 M voxels: small enough to be shown anywhere, so that a lost graphics context always has something to come back to.
const COARSEST_VOXELS = 4 * 1024 * 1024
const COARSEST_AXIS = 512

/** The smallest power of two whose level has at most `maxVoxels` voxels and no axis longer than `maxAxis`. */
export function binThatFits(shapeZyx: Zyx, maxVoxels: number, maxAxis: number): number {
  let bin = 1
  while (!fits(blockGridShape(shapeZyx, bin), maxVoxels, maxAxis)) bin *= 2
  return bin
}

/** Bins of the levels that are built and kept: 2, 4, 8, and coarser ones until the coarsest is small. */
export function levelBins(shapeZyx: Zyx): number[] {
  const bins = [2, 4, 8]
  for (let bin = 16; !fits(blockGridShape(shapeZyx, bin / 2), COARSEST_VOXELS, COARSEST_AXIS); bin *= 2) bins.push(bin)
  return bins
}

function fits(shape: Zyx, maxVoxels: number, maxAxis: number): boolean {
  return numVoxels(shape) <= maxVoxels && Math.max(...shape) <= maxAxis
}

/** A box of source voxels that is read at once: one layer of blocks, or rows of blocks of it. */
export interface LevelBox {
  startZyx: [number, number, number]
  shapeZyx: [number, number, number]
}

/** Boxes that cover the volume in order, each at most `maxVoxels` voxels (or one row of blocks), aligned to blocks. */
export function* levelBoxes(shapeZyx: Zyx, bin: number, maxVoxels: number): Generator<LevelBox> {
  const [sz, sy, sx] = shapeZyx
  const rowsAtOnce = Math.min(sy, Math.max(bin, Math.floor(maxVoxels / (bin * sx * bin)) * bin))
  for (let z = 0; z < sz; z += bin)
    for (let y = 0; y < sy; y += rowsAtOnce)
      yield { startZyx: [z, y, 0], shapeZyx: [Math.min(bin, sz - z), Math.min(rowsAtOnce, sy - y), sx] }
}
