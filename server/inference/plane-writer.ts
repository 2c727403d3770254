import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { type Axes, inverse, isSameAxes, reordered } from './axis-order.ts'
import type { LabelFile } from './label-file.ts'
import { newLabels } from './preview-builder.ts'
import { transposed } from './reordered-source.ts'

/** Planes that do not lie along z are collected up to this size, so that what is written is not single rows. */
const COLLECTED_BYTES = 16 * 1024 * 1024

/** Bytes that a writer holds. @param shape of the volume in the order in which its planes come */
export function writerBytes(shape: Zyx, ofFile: Axes, bytesPerVoxel: number): number {
  const plane = shape[1] * shape[2] * bytesPerVoxel
  return isSameAxes(ofFile) ? plane : 2 * Math.max(plane, Math.min(COLLECTED_BYTES, shape[0] * plane))
}

/** Writes the planes of a volume, in the order in which they come, into a file in the volume's own order. */
export class PlaneWriter {
  private readonly file: LabelFile
  private readonly shape: Zyx
  private readonly ofFile: Axes
  private readonly collected: LabelArray
  private numPlanes = 0
  private numCollected = 0

  /** @param ofFile axis k of the planes' order (0 is the one they come along) is axis `ofFile[k]` of the file */
  constructor(file: LabelFile, ofFile: Axes) {
    this.file = file
    this.ofFile = ofFile
    this.shape = reordered(file.shapeZyx, ofFile)
    const planeVox = this.shape[1] * this.shape[2]
    const bytesPerVoxel = file.dtype === 'uint8' ? 1 : 2
    const most = Math.max(1, Math.min(this.shape[0], Math.floor(COLLECTED_BYTES / (planeVox * bytesPerVoxel))))
    this.collected = newLabels(file.dtype, isSameAxes(ofFile) ? 0 : most * planeVox)
  }

  /** The next plane. Not kept. After the last one the file is complete. */
  async add(plane: LabelArray): Promise<void> {
    if (this.collected.length === 0) return this.file.append(plane)
    this.collected.set(plane, this.numCollected++ * plane.length)
    this.numPlanes++
    const isLast = this.numPlanes === this.shape[0]
    if (!isLast && this.numCollected * plane.length < this.collected.length) return
    const shape: Zyx = [this.numCollected, this.shape[1], this.shape[2]]
    const start: Zyx = [this.numPlanes - this.numCollected, 0, 0]
    const back = inverse(this.ofFile)
    const box = this.collected.subarray(0, this.numCollected * plane.length)
    await this.file.writeBox(reordered(start, back), reordered(shape, back), transposed(box, shape, back))
    this.numCollected = 0
    if (isLast) await this.file.seal()
  }
}
