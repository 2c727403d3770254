import type { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { loadBricks } from '../../../shared/mask/edit/load-bricks.ts'
import { sliceBox } from '../../../shared/mask/edit/plane-axes.ts'
import type { LabelArray } from '../../../shared/mask/preview-rule.ts'
import { BYTES_PER_VOXEL } from '../../../shared/volume/dtype.ts'
import type { VoxelSource } from '../../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../../shared/volume/zyx.ts'
import { asLabels, maskOnLevel } from './mask-level.ts'

/** Below this a slice across x is picked out of the whole file. */
const SMALL_FILE_BYTES = 48 * 1024 * 1024

/** A slice of a mask as a box of one plane, in the order of the file. */
export interface MaskSlice {
  shapeZyx: Zyx
  labels: LabelArray
}

/** A finished mask over a volume: its levels, single labels and slices. Takes over its source. */
export class ShownMask {
  private readonly source: VoxelSource
  private readonly smallBytes: number
  /** Made for the first slice across x of a large file, which has one voxel of it in every row. */
  private bricks: Promise<LabelBricks> | null = null

  constructor(source: VoxelSource, smallBytes = SMALL_FILE_BYTES) {
    this.source = source
    this.smallBytes = smallBytes
  }

  onLevel(bin: number): Promise<LabelArray> {
    return maskOnLevel(this.source, bin)
  }

  async labelAt(indexZyx: Zyx): Promise<number> {
    return asLabels(await this.source.readBox(indexZyx, [1, 1, 1]))[0]
  }

  /** The slice across an axis of the file at full resolution. @param index inside the file */
  async slice(axis: 'x' | 'y' | 'z', index: number): Promise<MaskSlice> {
    const { shapeZyx, dtype } = this.source.header
    const box = sliceBox(shapeZyx, axis, index)
    const isLarge = numVoxels(shapeZyx) * BYTES_PER_VOXEL[dtype] > this.smallBytes
    if (axis !== 'x' || !isLarge)
      return { shapeZyx: box.shapeZyx, labels: asLabels(await this.source.readBox(box.startZyx, box.shapeZyx)) }
    this.bricks ??= loadBricks(this.source, asLabels)
    const labels = (await this.bricks).readBox(box.startZyx, box.shapeZyx)
    return { shapeZyx: box.shapeZyx, labels: BYTES_PER_VOXEL[dtype] === 1 ? Uint8Array.from(labels) : labels }
  }

  close(): Promise<void> {
    return this.source.close()
  }
}
