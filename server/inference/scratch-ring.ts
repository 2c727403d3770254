import { type FileHandle, open, rm } from 'node:fs/promises'
import { writeFully } from '../../shared/node/write-fully.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { addTile } from './add-tile.ts'
import type { Ring } from './ring-accumulator.ts'

/**
 * The ring of weighted sums in a scratch file, for planes that memory does not hold: the same sums in the same order, so
 * the same bytes. In memory are the rows of one plane that a tile touches, and one plane while it is decoded.
 */
export class ScratchRing implements Ring {
  readonly numChannels: number
  readonly planeShapeYx: readonly [number, number]
  private readonly patchZyx: Zyx
  private readonly strides: Zyx
  private readonly file: FileHandle
  private readonly location: string
  private readonly rows: Float32Array
  private readonly whole: Float32Array

  private constructor(
    file: FileHandle,
    location: string,
    numChannels: number,
    patchZyx: Zyx,
    strides: Zyx,
    planeShapeYx: readonly [number, number],
  ) {
    this.file = file
    this.location = location
    this.numChannels = numChannels
    this.patchZyx = patchZyx
    this.strides = strides
    this.planeShapeYx = planeShapeYx
    this.rows = new Float32Array(patchZyx[1] * planeShapeYx[1])
    this.whole = new Float32Array(numChannels * planeShapeYx[0] * planeShapeYx[1])
  }

  /** Bytes in memory and on the disk. */
  static bytesFor(numChannels: number, patchZyx: Zyx, planeShapeYx: readonly [number, number]) {
    const plane = 4 * numChannels * planeShapeYx[0] * planeShapeYx[1]
    return { memory: plane + 4 * patchZyx[1] * planeShapeYx[1], disk: plane * patchZyx[0] }
  }

  static async create(
    location: string,
    numChannels: number,
    patchZyx: Zyx,
    strides: Zyx,
    planeShapeYx: readonly [number, number],
  ): Promise<ScratchRing> {
    await rm(location, { force: true })
    const file = await open(location, 'wx+')
    // Zeros, without a byte of them written: what a file has not is read as zero.
    await file.truncate(ScratchRing.bytesFor(numChannels, patchZyx, planeShapeYx).disk)
    return new ScratchRing(file, location, numChannels, patchZyx, strides, planeShapeYx)
  }

  async plane(z: number): Promise<Float32Array> {
    await this.read(this.whole, this.placeOf(z, 0, 0))
    return this.whole
  }

  async clear(z: number): Promise<void> {
    this.whole.fill(0)
    await writeFully(this.file, new Uint8Array(this.whole.buffer), this.placeOf(z, 0, 0))
  }

  async add(output: Float32Array, weights: Float32Array, startZyx: Zyx): Promise<void> {
    const [, py] = this.patchZyx
    for (let z = 0; z < this.patchZyx[0]; z++)
      for (let channel = 0; channel < this.numChannels; channel++) {
        const place = this.placeOf(startZyx[0] + z, channel, startZyx[1])
        await this.read(this.rows, place)
        addTile({
          ...{ output, weights, patchZyx: this.patchZyx, strides: this.strides, z, channel, numRows: py },
          ...{ into: this.rows, firstRow: 0, startX: startZyx[2], rowLength: this.planeShapeYx[1] },
        })
        await writeFully(this.file, new Uint8Array(this.rows.buffer), place)
      }
  }

  async close(): Promise<void> {
    await this.file.close()
    await rm(this.location, { force: true })
  }

  private placeOf(z: number, channel: number, y: number): number {
    const [sy, sx] = this.planeShapeYx
    return 4 * (((z % this.patchZyx[0]) * this.numChannels + channel) * sy + y) * sx
  }

  private async read(into: Float32Array, place: number): Promise<void> {
    const bytes = new Uint8Array(into.buffer)
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.file.read(bytes, done, bytes.length - done, place + done)
      if (bytesRead === 0) throw new Error('the scratch file of the ring is shorter than it was')
      done += bytesRead
    }
  }
}
