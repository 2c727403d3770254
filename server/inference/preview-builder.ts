import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { PreviewHeader } from '../../shared/contract/live.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import {
  blockGridShape,
  downsamplePlanes,
  type LabelArray,
  notComputed,
  PREVIEW_RULE,
} from '../../shared/mask/preview-rule.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { type Axes, inverse, reordered, SAME_AXES } from './axis-order.ts'
import type { LabelFile } from './label-file.ts'
import { transposed } from './reordered-source.ts'

const compress = promisify(gzip)

/** Above this many voxels along any axis the default factor is 8: a preview then stays below 64 MiB. */
const LARGE_AXIS_VOX = 1024

/** The preview factor of a volume when the job names none. */
export function defaultPreviewFactor(shapeZyx: Zyx): number {
  return Math.max(...shapeZyx) > LARGE_AXIS_VOX ? 8 : 4
}

/**
 * The preview of a run: final planes in, blocks out. A block is computed once all its planes are in,
 * so that every computed block equals the downsampled final mask, bit for bit; the others say "not computed".
 */
export class PreviewBuilder {
  private readonly grid: LabelArray
  private readonly gridShape: [number, number, number]
  private readonly slab: LabelArray
  private numPlanes = 0
  private readonly shapeZyx: Zyx
  private readonly back: Axes
  readonly factor: number

  /**
   * @param shapeZyx of the volume in the order in which its planes come
   * @param ofFile   axis k of that order is axis `ofFile[k]` of the volume; previews are sent in the volume's order
   */
  constructor(shapeZyx: Zyx, factor: number, dtype: 'uint8' | 'uint16', ofFile: Axes = SAME_AXES) {
    this.shapeZyx = shapeZyx
    this.back = inverse(ofFile)
    this.factor = factor
    this.gridShape = blockGridShape(shapeZyx, factor)
    this.grid = newLabels(dtype, this.gridShape[0] * this.gridShape[1] * this.gridShape[2])
    this.grid.fill(notComputed(this.grid))
    this.slab = newLabels(dtype, factor * shapeZyx[1] * shapeZyx[2])
  }

  /** Takes the next final plane, in ascending z. */
  add(labels: LabelArray): void {
    const planeVox = this.shapeZyx[1] * this.shapeZyx[2]
    this.slab.set(labels, (this.numPlanes % this.factor) * planeVox)
    this.numPlanes++
    const inBlock = this.numPlanes % this.factor
    if (inBlock === 0 || this.numPlanes === this.shapeZyx[0]) this.finishBlocks(inBlock === 0 ? this.factor : inBlock)
  }

  private finishBlocks(numPlanes: number): void {
    const [, sy, sx] = this.shapeZyx
    const blocksPerPlane = this.gridShape[1] * this.gridShape[2]
    const blockZ = Math.ceil(this.numPlanes / this.factor) - 1
    const slab = this.slab.subarray(0, numPlanes * sy * sx)
    downsamplePlanes(
      slab,
      [numPlanes, sy, sx],
      this.factor,
      this.grid.subarray(blockZ * blocksPerPlane, (blockZ + 1) * blocksPerPlane),
    )
  }

  /** Share of blocks that are computed, 0 to 1. */
  get coverage(): number {
    const isWhole = this.numPlanes === this.shapeZyx[0]
    return isWhole ? 1 : Math.floor(this.numPlanes / this.factor) / this.gridShape[0]
  }

  /** The preview as it is sent: header and gzip of the blocks, little-endian. */
  async snapshot(stage: PreviewHeader['stage'], labels: ModelManifest['labels']): Promise<[PreviewHeader, Uint8Array]> {
    const header: PreviewHeader = {
      stage,
      factor: this.factor,
      shape_zyx: reordered(this.gridShape, this.back),
      source_shape_zyx: reordered(this.shapeZyx, this.back),
      dtype: this.grid instanceof Uint8Array ? 'uint8' : 'uint16',
      encoding: 'gzip',
      labels: labels.map(({ value, name, color }) => ({ value, name, color })),
      coverage: this.coverage,
      rule: PREVIEW_RULE,
    }
    const grid = transposed(this.grid, this.gridShape, this.back)
    const payload = await compress(new Uint8Array(grid.buffer, grid.byteOffset, grid.byteLength), { level: 1 })
    return [header, payload]
  }
}

/** The preview of a complete label map. */
export async function previewOf(labels: LabelFile, factor: number): Promise<PreviewBuilder> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  const preview = new PreviewBuilder(labels.shapeZyx, factor, labels.dtype)
  for (let z = 0; z < sizeZ; z++) preview.add(await labels.readBox([z, 0, 0], [1, sizeY, sizeX]))
  return preview
}

/** An array of zeros for labels of this type. */
export function newLabels(dtype: 'uint8' | 'uint16', length: number): LabelArray {
  return dtype === 'uint8' ? new Uint8Array(length) : new Uint16Array(length)
}
