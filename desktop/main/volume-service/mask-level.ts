import { blockGridShape, downsamplePlanes, type LabelArray } from '../../../shared/mask/preview-rule.ts'
import type { VoxelArray } from '../../../shared/volume/dtype.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels } from '../../../shared/volume/zyx.ts'

/** Label voxels of a file as label arrays: signed types are looked at as unsigned, which labels always are. */
export function asLabels(voxels: VoxelArray): LabelArray {
  if (voxels instanceof Uint8Array || voxels instanceof Uint16Array) return voxels
  if (voxels instanceof Int8Array) return new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.length)
  if (voxels instanceof Int16Array) return new Uint16Array(voxels.buffer, voxels.byteOffset, voxels.length)
  return Uint16Array.from(voxels as ArrayLike<number>)
}

/** A mask file on the grid of blocks of `bin` voxels, by the preview rule, one layer of blocks in memory at a time. */
export async function maskOnLevel(mask: VoxelSource, bin: number): Promise<LabelArray> {
  const source = mask.header.shapeZyx
  const shape = blockGridShape(source, bin)
  let level: LabelArray | null = null
  for (let bz = 0; bz < shape[0]; bz++) {
    const numPlanes = Math.min(bin, source[0] - bz * bin)
    const slab = asLabels(await mask.readSlab(bz * bin, numPlanes))
    level ??= slab instanceof Uint8Array ? new Uint8Array(numVoxels(shape)) : new Uint16Array(numVoxels(shape))
    const layer = shape[1] * shape[2]
    const out = level.subarray(bz * layer, (bz + 1) * layer)
    if (bin === 1) out.set(slab)
    else downsamplePlanes(slab, [numPlanes, source[1], source[2]], bin, out)
  }
  return level ?? new Uint8Array(0)
}
