import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { Normaliser } from './normalise.ts'

/** Planes read at once: large enough for a disk, small enough to keep the peak low. */
const READ_BYTES = 16 * 1024 * 1024

/** The normalised volume on the network's grid, plane after plane, each exactly once. */
export interface PlaneStream {
  readonly shapeZyx: Zyx
  /** The next plane, [y, x]; valid until the next call. @throws {DomainError} `canceled`, `format_truncated` */
  next(signal?: Abort): Promise<Float32Array>
}

/** Planes of a volume as they lie in its file, normalised. Reads ahead by one chunk. */
export class SourcePlanes implements PlaneStream {
  readonly shapeZyx: Zyx
  private chunk: Float32Array = new Float32Array(0)
  private chunkStart = 0
  private nextZ = 0
  private readonly source: VoxelSource
  private readonly normalise: Normaliser

  constructor(source: VoxelSource, normalise: Normaliser) {
    this.source = source
    this.normalise = normalise
    this.shapeZyx = source.header.shapeZyx
  }

  async next(signal?: Abort): Promise<Float32Array> {
    const planeVox = this.shapeZyx[1] * this.shapeZyx[2]
    if (this.nextZ * planeVox >= this.chunkStart * planeVox + this.chunk.length) await this.readOn(planeVox, signal)
    const from = (this.nextZ++ - this.chunkStart) * planeVox
    return this.chunk.subarray(from, from + planeVox)
  }

  private async readOn(planeVox: number, signal?: Abort): Promise<void> {
    const { dtype, scaling } = this.source.header
    const numPlanes = Math.min(Math.max(1, Math.floor(READ_BYTES / (planeVox * 4))), this.shapeZyx[0] - this.nextZ)
    this.chunk = toFloat32(await this.source.readSlab(this.nextZ, numPlanes, signal), dtype, scaling)
    this.chunkStart = this.nextZ
    this.normalise(this.chunk)
  }
}
