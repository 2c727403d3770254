import type { Abort } from '../../shared/volume/header.ts'
import type { TileGrid } from '../../shared/volume/tile-starts.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { PlaneStream } from './plane-stream.ts'

/**
 * The normalised planes that tiles can still need: a ring of `patch z` planes over a stream that is read once, in order.
 * States: empty → filled up to plane `nextZ`; `advanceTo` only moves forward.
 */
export class NormalisedSlab {
  private readonly planes: Float32Array[]
  private nextZ = 0
  private readonly stream: PlaneStream
  private readonly grid: TileGrid
  private readonly patchZyx: Zyx
  private readonly strides: Zyx
  private readonly padValue: number

  /** @param strides distance in a tile's buffer from one voxel to the next along z, y, x */
  constructor(stream: PlaneStream, grid: TileGrid, patchZyx: Zyx, strides: Zyx, padValue: number) {
    this.stream = stream
    this.grid = grid
    this.patchZyx = patchZyx
    this.strides = strides
    this.padValue = padValue
    const [sizeZ, sizeY, sizeX] = stream.shapeZyx
    const planeLength = stream.numChannels * sizeY * sizeX
    this.planes = Array.from({ length: Math.min(patchZyx[0], sizeZ) }, () => new Float32Array(planeLength))
  }

  /** Reads on until the row of tiles that begins at padded plane `tileZ` has all its planes. */
  async advanceTo(tileZ: number, signal?: Abort): Promise<void> {
    const zEnd = Math.min(tileZ + this.patchZyx[0] - this.grid.padBelowZyx[0], this.stream.shapeZyx[0])
    while (this.nextZ < zEnd) this.plane(this.nextZ++).set(await this.stream.next(signal))
  }

  private plane(z: number): Float32Array {
    return this.planes[z % this.planes.length]
  }

  /**
   * Copies one tile, padding included.
   * @param startZyx First voxel of the tile in the padded volume.
   * @param into     One patch per channel, in the order that the strides say; overwritten.
   */
  extract(startZyx: Zyx, into: Float32Array): void {
    const [sz, sy, sx] = this.stream.shapeZyx
    const [pz, py, px] = this.patchZyx
    const [tz, ty, tx] = this.strides
    const first = startZyx.map((start, axis) => start - this.grid.padBelowZyx[axis])
    const x0 = Math.max(0, first[2])
    const length = Math.min(sx, first[2] + px) - x0
    if (first.some((start, axis) => start < 0 || start + this.patchZyx[axis] > [sz, sy, sx][axis]))
      into.fill(this.padValue)
    for (let z = Math.max(0, first[0]); z < Math.min(sz, first[0] + pz); z++) {
      const plane = this.plane(z)
      for (let channel = 0; channel < this.stream.numChannels; channel++)
        for (let y = Math.max(0, first[1]); y < Math.min(sy, first[1] + py); y++) {
          const from = (channel * sy + y) * sx + x0
          const to =
            channel * numVoxels(this.patchZyx) + (z - first[0]) * tz + (y - first[1]) * ty + (x0 - first[2]) * tx
          if (tx === 1) into.set(plane.subarray(from, from + length), to)
          else for (let x = 0; x < length; x++) into[to + x * tx] = plane[from + x]
        }
    }
  }
}
