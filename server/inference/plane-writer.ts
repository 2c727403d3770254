import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { type Axes, inverse, isSameAxes, reordered } from './axis-order.ts'
import type { LabelFile } from './label-file.ts'
import { newLabels } from './preview-builder.ts'
import { transposed } from './reordered-source.ts'

/** Planes that do not lie along z are collected up to this size, so that what is written is not single rows. */
const COLLECTED_BYTES = 16 * 1024 * 1024

/** Small planes along z are collected up to this size: each write costs a way to another thread and back. */
const APPENDED_BYTES = 1024 * 1024

/** Bytes that a writer holds. @param shape of the volume in the order in which its planes come */
export function writerBytes(shape: Zyx, ofFile: Axes, bytesPerVoxel: number): number {
  const plane = shape[1] * shape[2] * bytesPerVoxel
  const collected = (bytes: number) => Math.max(plane, Math.min(bytes, shape[0] * plane))
  return isSameAxes(ofFile) ? collected(APPENDED_BYTES) : 2 * collected(COLLECTED_BYTES)
}

/** Planes of a file that are read or written together. */
function planesAtOnce(shape: Zyx, dtype: LabelFile['dtype'], bytes: number): number {
  const planeBytes = shape[1] * shape[2] * (dtype === 'uint8' ? 1 : 2)
  return Math.max(1, Math.min(shape[0], Math.floor(bytes / planeBytes)))
}

/** The first planes of a file in the order of a run. Each is valid until the next. @param ofFile as `PlaneWriter` takes it */
export async function* planesOf(file: LabelFile, ofFile: Axes, numPlanes: number): AsyncGenerator<LabelArray> {
  const [, sizeY, sizeX] = reordered(file.shapeZyx, ofFile)
  const back = inverse(ofFile)
  const atOnce = planesAtOnce(reordered(file.shapeZyx, ofFile), file.dtype, COLLECTED_BYTES)
  for (let z = 0; z < numPlanes; z += atOnce) {
    const shape: Zyx = [Math.min(atOnce, numPlanes - z), sizeY, sizeX]
    const inFile = reordered(shape, back)
    const box = transposed(await file.readBox(reordered([z, 0, 0], back), inFile), inFile, ofFile)
    for (let i = 0; i < shape[0]; i++) yield box.subarray(i * sizeY * sizeX, (i + 1) * sizeY * sizeX)
  }
}

/** Writes the planes of a volume, in the order in which they come, into a file in the volume's own order. */
export class PlaneWriter {
  private readonly file: LabelFile
  private readonly shape: Zyx
  private readonly ofFile: Axes
  private readonly isAlongZ: boolean
  /** Empty where planes are written as they come. */
  private readonly collected: LabelArray
  private numPlanes = 0
  private numCollected = 0

  /** @param ofFile axis k of the planes' order (0 is the one they come along) is axis `ofFile[k]` of the file */
  constructor(file: LabelFile, ofFile: Axes) {
    this.file = file
    this.ofFile = ofFile
    this.shape = reordered(file.shapeZyx, ofFile)
    this.isAlongZ = isSameAxes(ofFile)
    const numPlanes = planesAtOnce(this.shape, file.dtype, this.isAlongZ ? APPENDED_BYTES : COLLECTED_BYTES)
    const isAsTheyCome = this.isAlongZ && numPlanes === 1
    this.collected = newLabels(file.dtype, isAsTheyCome ? 0 : numPlanes * this.shape[1] * this.shape[2])
  }

  /** True where the next plane is the one with which the file is written. */
  get writesNext(): boolean {
    const { length } = this.collected
    const planeLength = this.shape[1] * this.shape[2]
    return length === 0 || (this.numCollected + 1) * planeLength === length || this.numPlanes + 1 === this.shape[0]
  }

  /** The next plane. Not kept. After the last one the file is complete. */
  async add(plane: LabelArray): Promise<void> {
    const isToWrite = this.writesNext
    this.numPlanes++
    if (this.collected.length === 0) return this.file.append(plane)
    this.collected.set(plane, this.numCollected++ * plane.length)
    if (isToWrite) await this.flush()
    if (this.isLast && !this.isAlongZ) await this.file.seal()
  }

  /** The next plane is in the file already. Only before the first `add`. */
  async restore(plane: LabelArray): Promise<void> {
    this.numPlanes++
    if (this.isAlongZ) return this.file.restoreAppended(plane)
    this.file.restoreBox(plane)
    if (this.isLast) await this.file.seal()
  }

  /** Every plane that was added is in the file. */
  async flush(): Promise<void> {
    if (this.numCollected === 0) return
    const shape: Zyx = [this.numCollected, this.shape[1], this.shape[2]]
    const box = this.collected.subarray(0, this.numCollected * shape[1] * shape[2])
    if (this.isAlongZ) await this.file.append(box)
    else {
      const start: Zyx = [this.numPlanes - this.numCollected, 0, 0]
      const back = inverse(this.ofFile)
      await this.file.writeBox(reordered(start, back), reordered(shape, back), transposed(box, shape, back))
    }
    this.numCollected = 0
  }

  private get isLast(): boolean {
    return this.numPlanes === this.shape[0]
  }
}
