import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import type { BoxReader } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { newLabels } from './preview-builder.ts'

/**
 * The label map of a run on disk while it grows: raw voxels, z, y, x order, little-endian.
 * States: writing (planes in ascending z) → complete (all planes in; can be read) → closed.
 */
export class LabelFile implements BoxReader {
  readonly counts = new Map<number, number>()
  private readonly hash = createHash('sha256')
  private digest: string | null = null
  private positionBytes = 0
  private readonly file: FileHandle
  readonly shapeZyx: Zyx
  readonly dtype: 'uint8' | 'uint16'

  private constructor(file: FileHandle, shapeZyx: Zyx, dtype: 'uint8' | 'uint16') {
    this.file = file
    this.shapeZyx = shapeZyx
    this.dtype = dtype
  }

  static async create(path: string, shapeZyx: Zyx, dtype: 'uint8' | 'uint16'): Promise<LabelFile> {
    return new LabelFile(await open(path, 'wx+'), shapeZyx, dtype)
  }

  /** Appends the next plane. */
  async append(labels: LabelArray): Promise<void> {
    for (let i = 0; i < labels.length; ) {
      const label = labels[i]
      let end = i + 1
      while (end < labels.length && labels[end] === label) end++
      this.counts.set(label, (this.counts.get(label) ?? 0) + end - i)
      i = end
    }
    const bytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)
    this.hash.update(bytes)
    await this.file.write(bytes, 0, bytes.length, this.positionBytes)
    this.positionBytes += bytes.length
  }

  /** SHA-256 of the voxels, z, y, x order, little-endian. Call once all planes are in. */
  sha256(): string {
    this.digest ??= this.hash.digest('hex')
    return this.digest
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx): Promise<LabelArray> {
    const [, sy, sx] = this.shapeZyx
    const [bz, by, bx] = shapeZyx
    const out = newLabels(this.dtype, bz * by * bx)
    const isWholePlanes = by === sy && bx === sx
    const rowsAtOnce = isWholePlanes ? bz * by : bx === sx ? by : 1
    const runVox = rowsAtOnce * bx
    for (let at = 0; at < out.length; at += runVox) {
      const z = startZyx[0] + Math.floor(at / (by * bx))
      const y = startZyx[1] + (Math.floor(at / bx) % by)
      await this.readRun((z * sy + y) * sx + startZyx[2], out.subarray(at, at + runVox))
    }
    return out
  }

  private async readRun(firstVox: number, into: LabelArray): Promise<void> {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
    let done = 0
    while (done < bytes.length) {
      const { bytesRead } = await this.file.read(
        bytes,
        done,
        bytes.length - done,
        firstVox * into.BYTES_PER_ELEMENT + done,
      )
      if (bytesRead === 0) throw new Error('label file shorter than its shape')
      done += bytesRead
    }
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}
