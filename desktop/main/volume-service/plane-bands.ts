import { BYTES_PER_VOXEL, type VoxelArray } from '../../../shared/volume/dtype.ts'
import type { Abort, VoxelSource } from '../../../shared/volume/header.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'

/** Planes of a volume in chunks are read in bands of about this size: its chunks are not decoded for each plane anew. */
const BAND_BYTES = 64 * 1024 * 1024

/** A volume whose planes are asked for one after another. The volume is not closed with it. */
export class PlaneBands implements VoxelSource {
  readonly header: VoxelSource['header']
  private readonly source: VoxelSource
  private readonly numPlanes: number
  private band: { start: number; voxels: VoxelArray } | null = null

  constructor(source: VoxelSource, bandBytes = BAND_BYTES) {
    const [nz, ny, nx] = source.header.shapeZyx
    this.header = source.header
    this.source = source
    this.numPlanes = Math.max(1, Math.min(nz, Math.floor(bandBytes / (ny * nx * BYTES_PER_VOXEL[this.header.dtype]))))
  }

  async readSlab(zStart: number, numPlanes: number, signal?: Abort): Promise<VoxelArray> {
    const start = zStart - (zStart % this.numPlanes)
    if (zStart + numPlanes > start + this.numPlanes) return this.source.readSlab(zStart, numPlanes, signal)
    const [nz, ny, nx] = this.header.shapeZyx
    if (this.band?.start !== start)
      this.band = { start, voxels: await this.source.readSlab(start, Math.min(this.numPlanes, nz - start), signal) }
    const from = (zStart - start) * ny * nx
    return this.band.voxels.slice(from, from + numPlanes * ny * nx)
  }

  readBox(startZyx: Zyx, shapeZyx: Zyx, signal?: Abort): Promise<VoxelArray> {
    return this.source.readBox(startZyx, shapeZyx, signal)
  }

  async close(): Promise<void> {
    this.band = null
  }
}
