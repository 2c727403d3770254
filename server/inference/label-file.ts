import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { MOST_GAP_BYTES } from '../../shared/formats/raw-voxel-source.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import { writeFully } from '../../shared/node/write-fully.ts'
import type { BoxReader } from '../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { newLabels } from './preview-builder.ts'
import { ValueCounts } from './value-counts.ts'

/** Voxels read at once where more than a box's own rows must be read. */
const SPAN_VOXELS = 1024 * 1024

/** The narrowest type that holds these labels and, in a preview, "not computed yet". */
export function labelDtype(values: readonly number[]): 'uint8' | 'uint16' {
  return Math.max(...values) <= 254 ? 'uint8' : 'uint16'
}

/**
 * The label map of a run on disk while it grows: raw voxels, z, y, x order, little-endian.
 * States: writing (planes in ascending z) → complete (all planes in; can be read) → closed.
 */
export class LabelFile implements BoxReader {
  private readonly valueCounts: ValueCounts
  private readonly hash: Hash | null
  private digest: string | null = null
  private positionBytes = 0
  private readonly file: FileHandle
  readonly shapeZyx: Zyx
  readonly dtype: 'uint8' | 'uint16'

  private constructor(file: FileHandle, shapeZyx: Zyx, dtype: 'uint8' | 'uint16', isHashed: boolean) {
    this.file = file
    this.hash = isHashed ? createHash('sha256') : null
    this.shapeZyx = shapeZyx
    this.dtype = dtype
    this.valueCounts = new ValueCounts(dtype)
  }

  /** @param isHashed false where nobody asks for `sha256` */
  static async create(path: string, shapeZyx: Zyx, dtype: 'uint8' | 'uint16', isHashed = true): Promise<LabelFile> {
    return new LabelFile(await open(path, 'wx+'), shapeZyx, dtype, isHashed)
  }

  /** The file of a process that is gone: what it wrote is there, and counts once it is restored. */
  static async reopen(path: string, shapeZyx: Zyx, dtype: 'uint8' | 'uint16', isHashed = true): Promise<LabelFile> {
    return new LabelFile(await open(path, 'r+'), shapeZyx, dtype, isHashed)
  }

  /** Appends the next plane. Not to be mixed with `writeBox`. */
  async append(labels: LabelArray): Promise<void> {
    await writeFully(this.file, bytesOf(labels), this.positionBytes)
    this.restoreAppended(labels)
  }

  /** As `append`, for planes that are in the file already. */
  restoreAppended(labels: LabelArray): void {
    this.valueCounts.add(labels)
    const bytes = bytesOf(labels)
    this.hash?.update(bytes)
    this.positionBytes += bytes.length
  }

  /** Writes a box, for volumes that do not come plane by plane along z. Each voxel once; then `seal`. */
  async writeBox(startZyx: Zyx, shapeZyx: Zyx, labels: LabelArray): Promise<void> {
    this.restoreBox(labels)
    for (const { firstVox, at, length } of this.runs(startZyx, shapeZyx)) {
      const bytes = bytesOf(labels.subarray(at, at + length))
      await writeFully(this.file, bytes, firstVox * labels.BYTES_PER_ELEMENT)
    }
  }

  /** As `writeBox`, for a box that is in the file already. */
  restoreBox(labels: LabelArray): void {
    this.valueCounts.add(labels)
  }

  /** What was written is on the disk when this resolves. */
  async sync(): Promise<void> {
    await this.file.datasync()
  }

  /** All boxes are in: hashes the file from end to end where it is hashed. */
  async seal(): Promise<void> {
    const [sz, sy, sx] = this.shapeZyx
    const { hash } = this
    if (!hash) return
    for (let z = 0; z < sz; z++) hash.update(bytesOf(await this.readBox([z, 0, 0], [1, sy, sx])))
  }

  /** Voxels by value; what does not occur is not in it. */
  get counts(): ReadonlyMap<number, number> {
    return this.valueCounts.result()
  }

  /** SHA-256 of the voxels, z, y, x order, little-endian. Call once all planes are in. */
  sha256(): string {
    if (!this.hash) throw new Error('this file is not hashed')
    this.digest ??= this.hash.digest('hex')
    return this.digest
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx): Promise<LabelArray> {
    const out = newLabels(this.dtype, numVoxels(shapeZyx))
    await this.readBoxInto(startZyx, shapeZyx, out)
    return out
  }

  /** @param into of the file's type, as long as the box has voxels */
  async readBoxInto(startZyx: Zyx, shapeZyx: Zyx, into: LabelArray): Promise<void> {
    if (shapeZyx[2] < this.shapeZyx[2]) return this.readRows(startZyx, shapeZyx, into)
    for (const { firstVox, at, length } of this.runs(startZyx, shapeZyx))
      await this.readRun(firstVox, into.subarray(at, at + length))
  }

  /** Parts of rows, many at once with what lies between them where that is little. */
  private async readRows(startZyx: Zyx, shapeZyx: Zyx, into: LabelArray): Promise<void> {
    const [, sy, sx] = this.shapeZyx
    const [bz, by, bx] = shapeZyx
    const isDense = (sx - bx) * into.BYTES_PER_ELEMENT <= MOST_GAP_BYTES
    const rowsAtOnce = isDense ? Math.max(1, Math.min(by, Math.floor(SPAN_VOXELS / sx))) : 1
    const span = newLabels(this.dtype, (rowsAtOnce - 1) * sx + bx)
    let at = 0
    for (let z = startZyx[0]; z < startZyx[0] + bz; z++) {
      for (let y = 0; y < by; y += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, by - y)
        const found = span.subarray(0, (rows - 1) * sx + bx)
        await this.readRun((z * sy + startZyx[1] + y) * sx + startZyx[2], found)
        for (let row = 0; row < rows; row++, at += bx) into.set(found.subarray(row * sx, row * sx + bx), at)
      }
    }
  }

  /** The stretches of the file that a box covers, and where they lie in the box. */
  private *runs(startZyx: Zyx, shapeZyx: Zyx): Generator<{ firstVox: number; at: number; length: number }> {
    const [, sy, sx] = this.shapeZyx
    const [bz, by, bx] = shapeZyx
    const isWholePlanes = by === sy && bx === sx
    const rowsAtOnce = isWholePlanes ? bz * by : bx === sx ? by : 1
    const length = rowsAtOnce * bx
    for (let at = 0; at < bz * by * bx; at += length) {
      const z = startZyx[0] + Math.floor(at / (by * bx))
      const y = startZyx[1] + (Math.floor(at / bx) % by)
      yield { firstVox: (z * sy + y) * sx + startZyx[2], at, length }
    }
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

function bytesOf(labels: LabelArray): Uint8Array {
  return new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)
}
