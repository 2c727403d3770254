import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import type { TileGrid } from '../../shared/volume/tile-starts.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { Normaliser } from './normalise.ts'

/** Planes read at once: large enough for a disk, small enough to keep the peak low. */
const READ_BYTES = 16 * 1024 * 1024

/**
 * The normalised planes that tiles can still need: a ring of `patch z` planes over a source that is read once, in order.
 * States: empty → filled up to plane `nextZ`; `advanceTo` only moves forward.
 */
export class NormalisedSlab {
  private readonly planes: Float32Array[]
  private readonly planeVox: number
  private nextZ = 0
  private readonly source: VoxelSource
  private readonly grid: TileGrid
  private readonly patchZyx: Zyx
  private readonly normalise: Normaliser
  private readonly padValue: number

  constructor(source: VoxelSource, grid: TileGrid, patchZyx: Zyx, normalise: Normaliser, padValue: number) {
    this.source = source
    this.grid = grid
    this.patchZyx = patchZyx
    this.normalise = normalise
    this.padValue = padValue
    const shape = source.header.shapeZyx
    this.planeVox = shape[1] * shape[2]
    this.planes = Array.from({ length: Math.min(patchZyx[0], shape[0]) }, () => new Float32Array(this.planeVox))
  }

  /** Reads on until the row of tiles that begins at padded plane `tileZ` has all its planes. */
  async advanceTo(tileZ: number, signal?: Abort): Promise<void> {
    const [sizeZ] = this.source.header.shapeZyx
    const zEnd = Math.min(tileZ + this.patchZyx[0] - this.grid.padBelowZyx[0], sizeZ)
    const chunk = Math.max(1, Math.floor(READ_BYTES / (this.planeVox * 4)))
    while (this.nextZ < zEnd) {
      const numPlanes = Math.min(chunk, zEnd - this.nextZ)
      const stored = await this.source.readSlab(this.nextZ, numPlanes, signal)
      const values = toFloat32(stored, this.source.header.dtype, this.source.header.scaling)
      this.normalise(values)
      for (let k = 0; k < numPlanes; k++)
        this.plane(this.nextZ + k).set(values.subarray(k * this.planeVox, (k + 1) * this.planeVox))
      this.nextZ += numPlanes
    }
  }

  private plane(z: number): Float32Array {
    return this.planes[z % this.planes.length]
  }

  /**
   * Copies one tile, padding included.
   * @param startZyx First voxel of the tile in the padded volume.
   * @param into     z, y, x order, one patch long; overwritten.
   */
  extract(startZyx: Zyx, into: Float32Array): void {
    const [sz, sy, sx] = this.source.header.shapeZyx
    const [pz, py, px] = this.patchZyx
    const first = startZyx.map((start, axis) => start - this.grid.padBelowZyx[axis])
    const x0 = Math.max(0, first[2])
    const x1 = Math.min(sx, first[2] + px)
    if (first.some((start, axis) => start < 0 || start + this.patchZyx[axis] > [sz, sy, sx][axis]))
      into.fill(this.padValue)
    for (let z = Math.max(0, first[0]); z < Math.min(sz, first[0] + pz); z++) {
      const plane = this.plane(z)
      for (let y = Math.max(0, first[1]); y < Math.min(sy, first[1] + py); y++) {
        const to = ((z - first[0]) * py + (y - first[1])) * px + (x0 - first[2])
        into.set(plane.subarray(y * sx + x0, y * sx + x1), to)
      }
    }
  }
}
