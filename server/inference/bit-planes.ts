import type { Zyx } from '../../shared/volume/zyx.ts'
import type { VoxelBox } from './cropped-source.ts'

/** One bit per voxel, read and written by planes of one byte per voxel. */
export class BitPlanes {
  private readonly planes: Uint8Array[]
  private readonly planeVox: number
  private readonly sizeX: number

  constructor([nz, ny, nx]: Zyx) {
    this.planeVox = ny * nx
    this.sizeX = nx
    this.planes = Array.from({ length: nz }, () => new Uint8Array(Math.ceil(this.planeVox / 8)))
  }

  /** A new array. */
  read(z: number): Uint8Array {
    const out = new Uint8Array(this.planeVox)
    const bits = this.planes[z]
    for (let at = 0; at < bits.length; at++) {
      const eight = bits[at]
      if (eight === 0) continue
      const end = Math.min(8, out.length - 8 * at)
      for (let k = 0; k < end; k++) out[8 * at + k] = (eight >> k) & 1
    }
    return out
  }

  /** @param values 0 or 1 */
  write(z: number, values: Uint8Array): void {
    const bits = this.planes[z]
    for (let at = 0; at < bits.length; at++) {
      const end = Math.min(8, values.length - 8 * at)
      let eight = 0
      for (let k = 0; k < end; k++) eight |= values[8 * at + k] << k
      bits[at] = eight
    }
  }

  /** The bits of a box. These here are given up on the way, so that both together hold no more than the larger. */
  intoBox({ startZyx: [z0, y0, x0], shapeZyx }: VoxelBox): BitPlanes {
    const [nz, ny, nx] = shapeZyx
    const out = new BitPlanes([0, ny, nx])
    const inBox = new Uint8Array(ny * nx)
    for (let z = 0; z < nz; z++) {
      const plane = this.read(z0 + z)
      this.planes[z0 + z] = NO_BITS
      for (let y = 0; y < ny; y++) {
        const row = (y0 + y) * this.sizeX + x0
        inBox.set(plane.subarray(row, row + nx), y * nx)
      }
      out.planes.push(new Uint8Array(Math.ceil(out.planeVox / 8)))
      out.write(z, inBox)
    }
    return out
  }
}

const NO_BITS = new Uint8Array(0)
