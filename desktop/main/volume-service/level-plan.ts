import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'

/** The smallest power of two whose level has at most `maxVoxels` voxels and no axis longer than `maxAxis`. */
export function binThatFits(shapeZyx: Zyx, maxVoxels: number, maxAxis: number): number {
  let bin = 1
  while (!fits(blockGridShape(shapeZyx, bin), maxVoxels, maxAxis)) bin *= 2
  return bin
}

function fits(shape: Zyx, maxVoxels: number, maxAxis: number): boolean {
  return numVoxels(shape) <= maxVoxels && Math.max(...shape) <= maxAxis
}

/** A box of source voxels that is read at once: whole layers of blocks, or rows of blocks of one layer. */
export interface LevelBox {
  startZyx: [number, number, number]
  shapeZyx: [number, number, number]
}

/** Boxes that cover the volume in order, each at most `maxVoxels` voxels (or one row of blocks), aligned to blocks. */
export function* levelBoxes(shapeZyx: Zyx, bin: number, maxVoxels: number): Generator<LevelBox> {
  const [sz, sy, sx] = shapeZyx
  const layerVoxels = bin * sy * sx
  const layersAtOnce = Math.max(1, Math.floor(maxVoxels / layerVoxels))
  const rowsAtOnce = layerVoxels <= maxVoxels ? sy : Math.max(bin, Math.floor(maxVoxels / (bin * sx * bin)) * bin)
  for (let z = 0; z < sz; z += bin * layersAtOnce)
    for (let y = 0; y < sy; y += rowsAtOnce)
      yield {
        startZyx: [z, y, 0],
        shapeZyx: [Math.min(bin * layersAtOnce, sz - z), Math.min(rowsAtOnce, sy - y), sx],
      }
}
