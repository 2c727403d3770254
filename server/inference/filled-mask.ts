import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { VoxelBox } from './cropped-source.ts'

/** Voxels read at once. */
const CHUNK_VOX = 4 * 1024 * 1024

/**
 * Which voxels of a box belong to the object: those that are not zero in any channel, and the holes between them. A hole
 * is zero and has no way along faces to the border of the box.
 *
 * One byte per voxel of a plane while it is built, two bits per voxel of the box in all, whatever the number of holes.
 * @see nnunetv2/preprocessing/cropping/cropping.py, create_nonzero_mask; scipy.ndimage.binary_fill_holes
 */
export class FilledMask {
  private readonly outside: BitPlanes
  readonly shape: Zyx

  private constructor(shape: Zyx, outside: BitPlanes) {
    this.shape = shape
    this.outside = outside
  }

  /** @param sources the channels, all of one shape */
  static async of(sources: readonly VoxelSource[], signal: Abort): Promise<FilledMask> {
    const shape = sources[0].header.shapeZyx
    const zero = new BitPlanes(shape)
    const chunk = Math.max(1, Math.floor(CHUNK_VOX / (shape[1] * shape[2])))
    for (let z = 0; z < shape[0]; z += chunk) {
      const numPlanes = Math.min(chunk, shape[0] - z)
      const isZero = new Uint8Array(numPlanes * shape[1] * shape[2]).fill(1)
      for (const { header, readSlab } of sources.map(bound)) {
        const values = toFloat32(await readSlab(z, numPlanes, signal), header.dtype, header.scaling)
        for (let i = 0; i < values.length; i++) if (values[i] !== 0) isZero[i] = 0
      }
      const planeVox = shape[1] * shape[2]
      for (let i = 0; i < numPlanes; i++) zero.write(z + i, isZero.subarray(i * planeVox, (i + 1) * planeVox))
    }
    return new FilledMask(shape, floodFromBorder(zero, shape))
  }

  /** Bytes that a mask of a box holds while it is built. */
  static bytesFor(shape: Zyx): number {
    return numVoxels(shape) / 4 + 16 * shape[1] * shape[2]
  }

  /** 1 in the object and its holes, 0 outside, for planes of a part of the box. A new array. */
  slab(part: VoxelBox, zStart: number, numPlanes: number): Uint8Array {
    const [, ny, nx] = part.shapeZyx
    const [z0, y0, x0] = part.startZyx
    const out = new Uint8Array(numPlanes * ny * nx)
    let at = 0
    for (let z = 0; z < numPlanes; z++) {
      const plane = this.outside.read(z0 + zStart + z)
      for (let y = 0; y < ny; y++) {
        const row = (y0 + y) * this.shape[2] + x0
        for (let x = 0; x < nx; x++) out[at++] = 1 - plane[row + x]
      }
    }
    return out
  }
}

function bound(source: VoxelSource) {
  return { header: source.header, readSlab: source.readSlab.bind(source) }
}

/** One bit per voxel. */
class BitPlanes {
  private readonly planes: Uint8Array[]
  private readonly planeVox: number

  constructor([nz, ny, nx]: Zyx) {
    this.planeVox = ny * nx
    this.planes = Array.from({ length: nz }, () => new Uint8Array(Math.ceil(this.planeVox / 8)))
  }

  read(z: number): Uint8Array {
    const out = new Uint8Array(this.planeVox)
    const bits = this.planes[z]
    for (let i = 0; i < out.length; i++) out[i] = (bits[i >> 3] >> (i & 7)) & 1
    return out
  }

  write(z: number, values: Uint8Array): void {
    const bits = this.planes[z]
    bits.fill(0)
    for (let i = 0; i < values.length; i++) bits[i >> 3] |= values[i] << (i & 7)
  }
}

/** The zeros that reach the border: planes are swept down and up until a sweep changes nothing. */
function floodFromBorder(zero: BitPlanes, shape: Zyx): BitPlanes {
  const [nz, ny, nx] = shape
  const outside = new BitPlanes(shape)
  const flood = new PlaneFlood(ny, nx)
  let isUpward = false
  for (let hasChanged = true; hasChanged; isUpward = !isUpward) {
    hasChanged = false
    let neighbour: Uint8Array | null = null
    for (let i = 0; i < nz; i++) {
      const z = isUpward ? nz - 1 - i : i
      const now = outside.read(z)
      const numNew = flood.grow(now, zero.read(z), neighbour, z === 0 || z === nz - 1)
      if (numNew > 0) {
        hasChanged = true
        outside.write(z, now)
      }
      neighbour = now
    }
  }
  return outside
}

/** Flood fill of one plane along its four neighbours. */
class PlaneFlood {
  private readonly stack: Int32Array
  private depth = 0
  private readonly ny: number
  private readonly nx: number

  constructor(ny: number, nx: number) {
    this.ny = ny
    this.nx = nx
    this.stack = new Int32Array(ny * nx)
  }

  /** Grows `outside` within `zero` from itself, the neighbouring plane and the border. @returns voxels gained */
  grow(outside: Uint8Array, zero: Uint8Array, neighbour: Uint8Array | null, isEnd: boolean): number {
    const { ny, nx } = this
    let gained = 0
    const take = (i: number) => {
      if (zero[i] === 0 || outside[i] === 1) return
      outside[i] = 1
      gained++
      this.stack[this.depth++] = i
    }
    for (let i = 0; i < zero.length; i++) if (isEnd || neighbour?.[i] === 1) take(i)
    for (let y = 0; y < ny; y++) for (const x of [0, nx - 1]) take(y * nx + x)
    for (let x = 0; x < nx; x++) for (const y of [0, ny - 1]) take(y * nx + x)
    while (this.depth > 0) {
      const i = this.stack[--this.depth]
      const x = i % nx
      if (x > 0) take(i - 1)
      if (x < nx - 1) take(i + 1)
      if (i >= nx) take(i - nx)
      if (i < zero.length - nx) take(i + nx)
    }
    return gained
  }
}
