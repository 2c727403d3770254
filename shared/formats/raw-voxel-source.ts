import { DomainError } from '../errors/domain-error.ts'
import { boxesInOrder } from '../volume/boxes-in-order.ts'
import { BYTES_PER_VOXEL, type DType, type VoxelArray } from '../volume/dtype.ts'
import type { Abort, ByteSource, VolumeHeader, VoxelSource } from '../volume/header.ts'
import { numVoxels, type Zyx } from '../volume/zyx.ts'
import type { ParsedVolume, VoxelLayout } from './parsed-volume.ts'

/** Bytes read at once where more than a box's own rows must be read. */
export const SPAN_BYTES = 16 * 1024 * 1024

/** Bytes between two rows that are read with them: one more read of a file takes longer than 32 kB do. */
export const MOST_GAP_BYTES = 32 * 1024

/** 4 GiB: no box is larger; a slice of that size has over 65,000 × 65,000 bytes and no tomogram has one. */
const MOST_BOX_BYTES = 4 * 1024 ** 3

/** An opened volume that can also give every voxel of its file, for a hash. */
export interface OpenedVolume extends VoxelSource {
  /** Absolute paths of the files that belong to the volume beside the one that was opened. */
  moreFiles?: readonly string[]
  /** All voxels of all volumes, z, y, x order within each, stored type, in chunks. */
  allVoxels(signal?: Abort): AsyncGenerator<VoxelArray>
}

/** Typed array over bytes in native order. @param bytes a whole number of voxels; its buffer is used where it is aligned */
export function voxelsOf(bytes: Uint8Array, dtype: DType): VoxelArray {
  const aligned = bytes.byteOffset % BYTES_PER_VOXEL[dtype] === 0 ? bytes : bytes.slice()
  const make = <T>(type: new (buffer: ArrayBuffer, offset: number, length: number) => T) =>
    new type(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / BYTES_PER_VOXEL[dtype])
  switch (dtype) {
    case 'int8':
      return make(Int8Array)
    case 'uint8':
      return make(Uint8Array)
    case 'int16':
      return make(Int16Array)
    case 'uint16':
    case 'float16':
      return make(Uint16Array)
    case 'int32':
      return make(Int32Array)
    case 'uint32':
      return make(Uint32Array)
    case 'int64':
      return make(BigInt64Array)
    case 'uint64':
      return make(BigUint64Array)
    case 'float32':
      return make(Float32Array)
    case 'float64':
      return make(Float64Array)
  }
}

/** A new array of zeros for voxels of a type. */
export function newVoxels(dtype: DType, length: number): VoxelArray {
  return voxelsOf(new Uint8Array(length * BYTES_PER_VOXEL[dtype]), dtype)
}

/** Turns the byte order of every voxel round, in place. */
export function swapBytes(bytes: Uint8Array, bytesPerVoxel: number): void {
  if (bytesPerVoxel === 1) return
  for (let at = 0; at < bytes.length; at += bytesPerVoxel) {
    for (let low = at, high = at + bytesPerVoxel - 1; low < high; low++, high--) {
      const kept = bytes[low]
      bytes[low] = bytes[high]
      bytes[high] = kept
    }
  }
}

/**
 * Random access to voxels that lie one after the other in a byte source: the common ground of MRC, NIfTI and NRRD.
 * Reads only what a box needs (or short gaps between its rows); holds nothing between calls.
 */
export class RawVoxelSource implements OpenedVolume {
  readonly header: VolumeHeader
  private readonly layout: VoxelLayout
  private readonly bytes: ByteSource
  /** Sizes along the stored axes, slowest first, of the first volume. */
  private readonly storedShape: Zyx
  private readonly isInOrder: boolean
  private readonly onClose: () => Promise<void>

  /** Takes over `bytes`: closed by `close`, which then calls `onClose`. */
  constructor(
    { header, layout }: ParsedVolume,
    bytes: ByteSource,
    onClose: () => Promise<void> = async () => undefined,
  ) {
    this.header = header
    this.layout = layout
    this.bytes = bytes
    this.onClose = onClose
    this.storedShape = [2, 1, 0].map((stored) => header.shapeZyx[2 - layout.storedAxes[stored]]) as unknown as Zyx
    this.isInOrder = layout.storedAxes.join() === '0,1,2'
  }

  readSlab(zStart: number, numPlanes: number, signal?: Abort): Promise<VoxelArray> {
    return this.readBox([zStart, 0, 0], [numPlanes, this.header.shapeZyx[1], this.header.shapeZyx[2]], signal)
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx, signal?: Abort): Promise<VoxelArray> {
    if (numVoxels(shapeZyx) * BYTES_PER_VOXEL[this.header.dtype] > MOST_BOX_BYTES)
      throw new DomainError('format_unsupported', { name: this.bytes.name, kind: 'slices of more than 4 GiB' })
    if (this.layout.stridesXyz) return this.readSpread(startZyx, shapeZyx, this.layout.stridesXyz, signal)
    if (this.isInOrder) return this.readStored(startZyx, shapeZyx, signal)
    return this.readReordered(startZyx, shapeZyx, signal)
  }

  async *allVoxels(signal?: Abort): AsyncGenerator<VoxelArray> {
    if (this.isInOrder && !this.layout.isPacked4Bit) return yield* this.linearVoxels(signal)
    const [nz, ny, nx] = this.header.shapeZyx
    // Several volumes follow each other along z.
    const whole: Zyx = [nz * this.header.numVolumes, ny, nx]
    for (const { startZyx, shapeZyx } of boxesInOrder(whole, (2 * SPAN_BYTES) / BYTES_PER_VOXEL[this.header.dtype]))
      yield await this.readBox(startZyx, shapeZyx, signal)
  }

  private async *linearVoxels(signal?: Abort): AsyncGenerator<VoxelArray> {
    const size = BYTES_PER_VOXEL[this.header.dtype]
    const chunk = SPAN_BYTES / 16
    for (let done = 0; done < this.layout.totalVoxels; done += chunk) {
      const count = Math.min(chunk, this.layout.totalVoxels - done)
      yield this.decoded(await this.bytes.read(this.layout.offsetBytes + done * size, count * size, signal))
    }
  }

  /** A box in stored order: axes slowest first. */
  private async readStored(start: Zyx, shape: Zyx, signal?: Abort): Promise<VoxelArray> {
    if (this.layout.isPacked4Bit) return this.readPacked(start, shape, signal)
    const size = BYTES_PER_VOXEL[this.header.dtype]
    const [, sizeB, sizeA] = this.storedShape
    const at = (c: number, b: number) => this.layout.offsetBytes + ((c * sizeB + b) * sizeA + start[2]) * size
    if (shape[2] === sizeA && (shape[1] === sizeB || shape[0] === 1)) {
      return this.decoded(await this.bytes.read(at(start[0], start[1]), numVoxels(shape) * size, signal))
    }
    const out = new Uint8Array(numVoxels(shape) * size)
    const rowBytes = shape[2] * size
    const strideBytes = sizeA * size
    const isDense = strideBytes - rowBytes <= MOST_GAP_BYTES
    const rowsAtOnce = isDense ? Math.max(1, Math.min(shape[1], Math.floor(SPAN_BYTES / strideBytes))) : 1
    for (let c = 0, to = 0; c < shape[0]; c++) {
      for (let b = 0; b < shape[1]; b += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, shape[1] - b)
        const span = await this.bytes.read(at(start[0] + c, start[1] + b), (rows - 1) * strideBytes + rowBytes, signal)
        for (let row = 0; row < rows; row++, to += rowBytes)
          out.set(span.subarray(row * strideBytes, row * strideBytes + rowBytes), to)
      }
    }
    return this.decoded(out)
  }

  /** A box of voxels that do not follow each other: the rows with all that lies between, then what is asked for. */
  private async readSpread(start: Zyx, shape: Zyx, strides: readonly number[], signal?: Abort): Promise<VoxelArray> {
    const [sx, sy, sz] = strides
    const size = BYTES_PER_VOXEL[this.header.dtype]
    const out = newVoxels(this.header.dtype, numVoxels(shape))
    const rowLength = (shape[2] - 1) * sx + 1
    const rowsAtOnce = Math.max(1, Math.min(shape[1], Math.floor(SPAN_BYTES / (sy * size))))
    let to = 0
    for (let z = start[0]; z < start[0] + shape[0]; z++)
      for (let y = 0; y < shape[1]; y += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, shape[1] - y)
        const first = z * sz + (start[1] + y) * sy + start[2] * sx
        const length = (rows - 1) * sy + rowLength
        const span = await this.bytes.read(this.layout.offsetBytes + first * size, length * size, signal)
        const values = this.decoded(span)
        for (let row = 0; row < rows; row++) for (let x = 0; x < shape[2]; x++) out[to++] = values[row * sy + x * sx]
      }
    return out
  }

  private decoded(bytes: Uint8Array): VoxelArray {
    if (!this.layout.isLittleEndian) swapBytes(bytes, BYTES_PER_VOXEL[this.header.dtype])
    return voxelsOf(bytes, this.header.dtype)
  }

  /** Two voxels to a byte, the first in the low half; rows begin on whole bytes. @see MRC2014, mode 101 */
  private async readPacked(start: Zyx, shape: Zyx, signal?: Abort): Promise<VoxelArray> {
    const [, sizeB, sizeA] = this.storedShape
    const rowBytes = Math.ceil(sizeA / 2)
    const out = new Uint8Array(numVoxels(shape))
    for (let c = 0, to = 0; c < shape[0]; c++) {
      const firstRow = (start[0] + c) * sizeB + start[1]
      const rows = await this.bytes.read(this.layout.offsetBytes + firstRow * rowBytes, shape[1] * rowBytes, signal)
      for (let b = 0; b < shape[1]; b++)
        for (let a = start[2]; a < start[2] + shape[2]; a++, to++) {
          const byte = rows[b * rowBytes + (a >> 1)]
          out[to] = a & 1 ? byte >> 4 : byte & 15
        }
    }
    return out
  }

  /** A box of a file with exchanged axes: read in stored order by chunks along the slowest stored axis, then put in order. */
  private async readReordered(startZyx: Zyx, shapeZyx: Zyx, signal?: Abort): Promise<VoxelArray> {
    const { storedAxes } = this.layout
    const canonical = (triple: Zyx) => [2, 1, 0].map((stored) => triple[2 - storedAxes[stored]]) as unknown as Zyx
    const start = canonical(startZyx)
    const shape = canonical(shapeZyx)
    const strideOf = { 0: 1, 1: shapeZyx[2], 2: shapeZyx[1] * shapeZyx[2] } as Record<number, number>
    const [strideC, strideB, strideA] = [2, 1, 0].map((stored) => strideOf[storedAxes[stored]])
    const out = newVoxels(this.header.dtype, numVoxels(shapeZyx))
    const chunk = Math.max(1, Math.floor(SPAN_BYTES / (shape[1] * shape[2] * BYTES_PER_VOXEL[this.header.dtype])))
    for (let c0 = 0; c0 < shape[0]; c0 += chunk) {
      const numC = Math.min(chunk, shape[0] - c0)
      const stored = await this.readStored([start[0] + c0, start[1], start[2]], [numC, shape[1], shape[2]], signal)
      for (let c = 0, from = 0; c < numC; c++)
        for (let b = 0; b < shape[1]; b++)
          for (let a = 0; a < shape[2]; a++) out[(c0 + c) * strideC + b * strideB + a * strideA] = stored[from++]
    }
    return out
  }

  async close(): Promise<void> {
    try {
      await this.bytes.close()
    } finally {
      await this.onClose()
    }
  }
}
