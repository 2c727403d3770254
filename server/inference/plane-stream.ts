import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { Normaliser } from './normalise.ts'

/** Planes read at once: large enough for a disk, small enough to keep the peak low. */
export const READ_BYTES = 16 * 1024 * 1024

/** The normalised volume on the network's grid, plane after plane, each exactly once. */
export interface PlaneStream {
  readonly shapeZyx: Zyx
  readonly numChannels: number
  /** The next plane, [channel, y, x]; valid until the next call. @throws {DomainError} `canceled`, `format_truncated` */
  next(signal?: Abort): Promise<Float32Array>
}

/** Which voxels of some planes are normalised; null for all. */
export type MaskOf = (zStart: number, numPlanes: number) => Uint8Array | null

/** Planes of one channel as they lie in its file, normalised. Reads ahead by one chunk. */
export class SourcePlanes implements PlaneStream {
  readonly shapeZyx: Zyx
  readonly numChannels = 1
  private chunk: Float32Array = new Float32Array(0)
  private chunkStart = 0
  private nextZ = 0
  private readonly source: VoxelSource
  private readonly normalise: Normaliser
  private readonly maskOf: MaskOf

  constructor(source: VoxelSource, normalise: Normaliser, maskOf: MaskOf = () => null) {
    this.source = source
    this.normalise = normalise
    this.maskOf = maskOf
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
    this.normalise(this.chunk, this.maskOf(this.nextZ, numPlanes))
  }
}

/** Several channels of one shape as one stream. */
export class JoinedPlanes implements PlaneStream {
  readonly shapeZyx: Zyx
  readonly numChannels: number
  private readonly channels: readonly PlaneStream[]
  private readonly plane: Float32Array

  constructor(channels: readonly PlaneStream[]) {
    this.channels = channels
    this.numChannels = channels.length
    this.shapeZyx = channels[0].shapeZyx
    this.plane = new Float32Array(this.numChannels * this.shapeZyx[1] * this.shapeZyx[2])
  }

  async next(signal?: Abort): Promise<Float32Array> {
    const planeVox = this.shapeZyx[1] * this.shapeZyx[2]
    for (const [i, channel] of this.channels.entries()) this.plane.set(await channel.next(signal), i * planeVox)
    return this.plane
  }
}
