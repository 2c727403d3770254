import { blockGridShape } from '../../../shared/mask/preview-rule.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels } from '../../../shared/volume/zyx.ts'
import { type ValueRange, writeBlockMeans } from './block-mean.ts'
import { levelBoxes } from './level-plan.ts'
import { plainNumbers } from './plain-numbers.ts'

// 16 M voxels at once: at most 128 MB of the widest type, and few reads.
const MAX_READ_VOXELS = 16 * 1024 * 1024

export interface Level extends ValueRange {
  bin: number
  shapeZyx: [number, number, number]
  voxels: Uint8Array<ArrayBuffer>
  /** Number of level voxels with each code. */
  histogram: number[]
}

/**
 * The level of a volume whose voxels are means of blocks of `bin` voxels (DESIGN §5), in one pass over the file.
 * @throws {DomainError} what `VoxelSource.readBox` throws
 */
export async function buildLevel(
  source: VoxelSource,
  bin: number,
  range: ValueRange,
  onProgress: (donePlanes: number) => void,
  signal?: AbortSignal,
): Promise<Level> {
  const { shapeZyx: sourceShape, scaling, dtype } = source.header
  const shapeZyx = blockGridShape(sourceShape, bin)
  const voxels = new Uint8Array(numVoxels(shapeZyx))
  for (const box of levelBoxes(sourceShape, bin, MAX_READ_VOXELS)) {
    const read = await source.readBox(box.startZyx, box.shapeZyx, signal)
    const target = { voxels, shapeZyx, bin, range }
    writeBlockMeans(plainNumbers(read, dtype), box, scaling ?? { slope: 1, intercept: 0 }, target)
    onProgress(box.startZyx[0] + box.shapeZyx[0])
  }
  return { ...range, bin, shapeZyx, voxels, histogram: histogramOf(voxels) }
}

function histogramOf(voxels: Uint8Array): number[] {
  const counts = new Array<number>(256).fill(0)
  for (let i = 0; i < voxels.length; i++) counts[voxels[i]]++
  return counts
}
