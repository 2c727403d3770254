import type { VoxelArray } from '../../shared/volume/dtype.ts'
import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { Normaliser } from './normalise.ts'
import { type StoredNormaliser, storedNormaliser } from './stored-normaliser.ts'

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

/**
 * Planes of one channel as they lie in its file, normalised. Reads ahead by one chunk, and normalises one plane at a time,
 * which then lies in the processor's cache for whoever takes it.
 */
export class SourcePlanes implements PlaneStream {
  readonly shapeZyx: Zyx
  readonly numChannels = 1
  private readonly plane: Float32Array
  private chunk: VoxelArray = new Uint8Array(0)
  private chunkStart = 0
  private nextZ = 0
  private readonly source: VoxelSource
  private readonly normalise: StoredNormaliser
  private readonly maskOf: MaskOf

  constructor(source: VoxelSource, normalise: Normaliser, maskOf: MaskOf = () => null) {
    this.source = source
    this.normalise = storedNormaliser(source.header, normalise)
    this.maskOf = maskOf
    this.shapeZyx = source.header.shapeZyx
    this.plane = new Float32Array(this.shapeZyx[1] * this.shapeZyx[2])
  }

  async next(signal?: Abort): Promise<Float32Array> {
    const planeVox = this.plane.length
    if ((this.nextZ - this.chunkStart) * planeVox >= this.chunk.length) await this.readOn(planeVox, signal)
    const from = (this.nextZ - this.chunkStart) * planeVox
    this.normalise(this.chunk.subarray(from, from + planeVox), this.maskOf(this.nextZ, 1), this.plane)
    this.nextZ++
    return this.plane
  }

  private async readOn(planeVox: number, signal?: Abort): Promise<void> {
    const numPlanes = Math.min(Math.max(1, Math.floor(READ_BYTES / (planeVox * 4))), this.shapeZyx[0] - this.nextZ)
    this.chunk = await this.source.readSlab(this.nextZ, numPlanes, signal)
    this.chunkStart = this.nextZ
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
