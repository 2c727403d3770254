import { isAscii } from 'node:buffer'
import { type FileFacts, HashedSource } from '../../shared/node/hashed-source.ts'
import { type StoredVoxels, storedVoxels } from '../../shared/node/stored-voxels.ts'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { boxesInOrder } from '../../shared/volume/boxes-in-order.ts'
import type { DType, VoxelArray } from '../../shared/volume/dtype.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import type { LabelFile } from './label-file.ts'
import { newLabels } from './preview-builder.ts'

/** Voxels compared at once: small enough for a processor's cache. */
const CHUNK_VOXELS = 1024 * 1024

/** The same where each box is collected from all over the file. */
const BOX_VOXELS = 8 * 1024 * 1024

/**
 * Reads a written mask back: a mask that differs from the labels must never leave the server.
 * @returns size and hash of the file that was compared
 * @throws where a voxel differs
 */
export async function readBack(file: string, labels: LabelFile): Promise<FileFacts> {
  const bytes = await HashedSource.open(file)
  try {
    const voxels = await storedVoxels(bytes)
    const { shapeZyx, dtype } = voxels.header
    if (shapeZyx.join() !== labels.shapeZyx.join()) throw new Error(`${bytes.name} has another shape`)
    const expected = new ExpectedVoxels(labels, dtype, bytes.name)
    if (isInOrder(voxels)) await compareBytes(voxels, expected)
    else await compareBoxes(file, expected)
    return await bytes.finish()
  } finally {
    await bytes.close()
  }
}

/** One voxel after the other, as the labels are. */
function isInOrder({ layout }: StoredVoxels): boolean {
  const { storedAxes, stridesXyz, isPacked4Bit, isLittleEndian } = layout
  return storedAxes.join() === '0,1,2' && !stridesXyz && !isPacked4Bit && isLittleEndian
}

async function compareBytes(voxels: StoredVoxels, expected: ExpectedVoxels): Promise<void> {
  const chunks = expected.chunks(CHUNK_VOXELS)
  let left: Uint8Array = new Uint8Array(0)
  for await (const part of voxels.parts()) {
    for (let done = 0; done < part.length; ) {
      if (left.length === 0) left = (await chunks.next()).value?.bytes ?? expected.fail()
      const length = Math.min(left.length, part.length - done)
      if (!isSame(part.subarray(done, done + length), left.subarray(0, length))) expected.fail()
      left = left.subarray(length)
      done += length
    }
  }
  if (left.length > 0 || !(await chunks.next()).done) expected.fail()
}

/** Axes in another order: the way that every reader of the file takes. */
async function compareBoxes(file: string, expected: ExpectedVoxels): Promise<void> {
  const written = await openVolumeFile(file)
  try {
    for await (const { startZyx, shapeZyx, bytes } of expected.chunks(BOX_VOXELS)) {
      const { buffer, byteOffset, byteLength } = await written.readBox(startZyx, shapeZyx)
      if (!isSame(new Uint8Array(buffer, byteOffset, byteLength), bytes)) expected.fail()
    }
  } finally {
    await written.close()
  }
}

function isSame(found: Uint8Array, expected: Uint8Array): boolean {
  return Buffer.compare(found, expected) === 0
}

/** The labels in the type of a file, chunk by chunk. */
class ExpectedVoxels {
  private z = 0
  private readonly labels: LabelFile
  private readonly dtype: DType
  private readonly name: string

  constructor(labels: LabelFile, dtype: DType, name: string) {
    this.labels = labels
    this.dtype = dtype
    this.name = name
  }

  /** In z, y, x order. The bytes are valid until the next. */
  async *chunks(maxVoxels: number) {
    const { shapeZyx: shape, dtype } = this.labels
    const array = newLabels(dtype, Math.min(numVoxels(shape), maxVoxels))
    const asStored = this.storing(array.length)
    for (const { startZyx, shapeZyx } of boxesInOrder(shape, maxVoxels)) {
      this.z = startZyx[0]
      const chunk = array.subarray(0, numVoxels(shapeZyx))
      await this.labels.readBoxInto(startZyx, shapeZyx, chunk)
      const { buffer, byteOffset, byteLength } = asStored(chunk)
      yield { startZyx, shapeZyx, bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) }
    }
  }

  /** Gives labels in the type of the file. @param maxVoxels at once */
  private storing(maxVoxels: number): (chunk: VoxelArray) => VoxelArray {
    const { labels, dtype } = this
    if (dtype === labels.dtype) return (chunk) => chunk
    if (labels.dtype === 'uint8' && dtype === 'uint16') {
      const wide = new Uint16Array(maxVoxels)
      return (chunk) => {
        wide.set(chunk as Uint8Array)
        return wide.subarray(0, chunk.length)
      }
    }
    // Up to 127 both have the same bits; no signed byte is a label above that.
    if (labels.dtype === 'uint8' && dtype === 'int8') return (chunk) => (isAscii(chunk) ? chunk : this.fail())
    throw new Error(`${this.name} stores labels as ${dtype}`)
  }

  fail(): never {
    throw new Error(`${this.name} differs from the labels in the planes from ${this.z}`)
  }
}
