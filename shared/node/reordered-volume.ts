import type { ParsedVolume } from '../formats/parsed-volume.ts'
import { newVoxels, type OpenedVolume, RawVoxelSource } from '../formats/raw-voxel-source.ts'
import { boxesInOrder } from '../volume/boxes-in-order.ts'
import { BYTES_PER_VOXEL, type VoxelArray } from '../volume/dtype.ts'
import type { ByteSource, VolumeHeader } from '../volume/header.ts'
import { numVoxels, type Zyx } from '../volume/zyx.ts'
import { type ExpandedFile, temporaryFileOf } from './expand.ts'
import { openFileSource } from './file-source.ts'

/** 64 MiB: a smaller file is read through in a tenth of a second for each slab. */
const SMALL_BYTES = 64 * 1024 * 1024

/** Bytes put in order at once. */
const PART_BYTES = 64 * 1024 * 1024

/** Boxes up to this size are read from the file as it lies, as long as nothing larger was asked for. */
const SMALL_BOX_VOXELS = 4096

/**
 * True for large files whose columns run along z (`mapc` 3): a plane of them has a voxel in every row of the file, and
 * reading them plane by plane would read the whole file for each.
 */
export function isWorthReordering({ header, layout }: ParsedVolume): boolean {
  return layout.storedAxes[0] === 2 && numVoxels(header.shapeZyx) * BYTES_PER_VOXEL[header.dtype] > SMALL_BYTES
}

/** The file once its voxels are in order, part by part along the axis that is slowest in the source. */
interface Reordered {
  bytes: ByteSource
  parts: { start: number; source: RawVoxelSource }[]
  remove: () => Promise<void>
}

/**
 * A volume whose file runs along z, by way of a temporary copy in z, y, x order.
 *
 * Three states: as it lies (until the first box of more than a few voxels), ordered (the copy is there), closed. The
 * copy is made once; where that fails the next box tries again. Boxes are put together from parts, so that the file is
 * read once and written once.
 */
export class ReorderedVolume implements OpenedVolume {
  readonly header: VolumeHeader
  private readonly volume: RawVoxelSource
  private readonly slowAxis: number
  private readonly name: string
  private readonly tempDir: string | undefined
  private readonly smallBoxVoxels: number
  private ordered: Promise<Reordered> | null = null

  /**
   * Takes over `volume`.
   * @param tempDir        where the copy is made; default the system's temporary folder
   * @param smallBoxVoxels largest box that is read without the copy
   */
  constructor(
    volume: RawVoxelSource,
    { layout }: ParsedVolume,
    name: string,
    tempDir: string | undefined,
    smallBoxVoxels = SMALL_BOX_VOXELS,
  ) {
    this.header = volume.header
    this.volume = volume
    this.slowAxis = 2 - layout.storedAxes[2]
    this.name = name
    this.tempDir = tempDir
    this.smallBoxVoxels = smallBoxVoxels
  }

  readSlab(zStart: number, numPlanes: number, signal?: AbortSignal): Promise<VoxelArray> {
    const [, ny, nx] = this.header.shapeZyx
    return this.readBox([zStart, 0, 0], [numPlanes, ny, nx], signal)
  }

  async readBox(startZyx: Zyx, shapeZyx: Zyx, signal?: AbortSignal): Promise<VoxelArray> {
    if (!this.ordered && numVoxels(shapeZyx) <= this.smallBoxVoxels) {
      return this.volume.readBox(startZyx, shapeZyx, signal)
    }
    const { parts } = await this.inOrder(signal)
    const out = newVoxels(this.header.dtype, numVoxels(shapeZyx))
    const axis = this.slowAxis
    for (const { start, source } of parts) {
      const from = Math.max(start, startZyx[axis])
      const to = Math.min(start + source.header.shapeZyx[axis], startZyx[axis] + shapeZyx[axis])
      if (from >= to) continue
      const shape = replaced(shapeZyx, axis, to - from)
      const piece = await source.readBox(replaced(startZyx, axis, from - start), shape, signal)
      place(piece, shape, out, shapeZyx, replaced([0, 0, 0], axis, from - startZyx[axis]))
    }
    return out
  }

  async *allVoxels(signal?: AbortSignal): AsyncGenerator<VoxelArray> {
    const most = PART_BYTES / BYTES_PER_VOXEL[this.header.dtype]
    for (const { startZyx, shapeZyx } of boxesInOrder(this.header.shapeZyx, most))
      yield await this.readBox(startZyx, shapeZyx, signal)
  }

  private inOrder(signal?: AbortSignal): Promise<Reordered> {
    this.ordered ??= this.reorder(signal).catch((error) => {
      this.ordered = null
      throw error
    })
    return this.ordered
  }

  private async reorder(signal?: AbortSignal): Promise<Reordered> {
    const { shapeZyx, dtype } = this.header
    const layerVoxels = numVoxels(shapeZyx) / shapeZyx[this.slowAxis]
    const thickness = Math.max(1, Math.floor(PART_BYTES / (layerVoxels * BYTES_PER_VOXEL[dtype])))
    const starts: number[] = []
    for (let start = 0; start < shapeZyx[this.slowAxis]; start += thickness) starts.push(start)
    const shapeOf = (start: number) =>
      replaced(shapeZyx, this.slowAxis, Math.min(thickness, shapeZyx[this.slowAxis] - start))
    const file = await temporaryFileOf(this.name, this.tempDir, this.partBytes(starts, shapeOf, signal))
    const bytes = await this.opened(file)
    const parts = starts.map((start) => {
      const header = { ...this.header, shapeZyx: shapeOf(start) }
      const layout = {
        offsetBytes: start * layerVoxels * BYTES_PER_VOXEL[dtype],
        isLittleEndian: true,
        totalVoxels: numVoxels(header.shapeZyx),
        isPacked4Bit: false,
        storedAxes: [0, 1, 2] as const,
      }
      return { start, source: new RawVoxelSource({ header, layout }, bytes) }
    })
    return { bytes, parts, remove: file.remove }
  }

  private async *partBytes(
    starts: number[],
    shapeOf: (start: number) => Zyx,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    for (const start of starts) {
      const voxels = await this.volume.readBox(replaced([0, 0, 0], this.slowAxis, start), shapeOf(start), signal)
      yield new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
    }
  }

  private async opened(file: ExpandedFile): Promise<ByteSource> {
    try {
      return await openFileSource(file.path, this.name)
    } catch (error) {
      await file.remove()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.volume.close()
    const ordered = await this.ordered?.catch(() => null)
    this.ordered = null
    if (!ordered) return
    await ordered.bytes.close()
    await ordered.remove()
  }
}

/** A triple with another value along one axis. */
function replaced(triple: Zyx, axis: number, value: number): Zyx {
  return triple.map((kept, i) => (i === axis ? value : kept)) as unknown as Zyx
}

/** Copies a box into a larger one, row by row. */
function place(piece: VoxelArray, shape: Zyx, out: VoxelArray, outShape: Zyx, at: Zyx): void {
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++) {
      const row = (z * shape[1] + y) * shape[2]
      const to = ((at[0] + z) * outShape[1] + at[1] + y) * outShape[2] + at[2]
      // Same type on both sides by construction; the union of array types hides it.
      ;(out as Uint8Array).set(piece.subarray(row, row + shape[2]) as Uint8Array, to)
    }
}
