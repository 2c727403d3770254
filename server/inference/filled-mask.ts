import type { Abort, VoxelSource } from '../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { BitPlanes } from './bit-planes.ts'
import type { VoxelBox } from './cropped-source.ts'
import { type ObjectChunk, objectChunks } from './value-chunks.ts'

/**
 * Which voxels of a box belong to the object: those that are not zero in any channel, and the holes between them. A hole
 * is zero and has no way along faces to the border of the box.
 *
 * One byte per voxel of a plane while it is built, two bits per voxel of the box in all, whatever the number of holes.
 * @see nnunetv2/preprocessing/cropping/cropping.py, create_nonzero_mask; scipy.ndimage.binary_fill_holes
 */
export class FilledMask {
  /** Voxels of the box that do not belong to it. */
  readonly numOutside: number
  private readonly outside: BitPlanes
  private readonly shape: Zyx

  /** @param zero which voxels of the box are zero in all channels */
  constructor(shape: Zyx, zero: BitPlanes) {
    this.shape = shape
    const { outside, numOutside } = floodFromBorder(zero, shape)
    this.outside = outside
    this.numOutside = numOutside
  }

  /** Reads a box for its mask. @param sources the channels, all of one shape */
  static async of(sources: readonly VoxelSource[], signal: Abort): Promise<FilledMask> {
    const zeros = new ZeroPlanes(sources[0].header.shapeZyx)
    for await (const chunk of objectChunks(sources, signal)) zeros.add(chunk)
    return new FilledMask(zeros.shape, zeros.bits)
  }

  /** Bytes that a mask of a box holds while it is built. */
  static bytesFor(shape: Zyx): number {
    return numVoxels(shape) / 4 + 16 * shape[1] * shape[2]
  }

  /** Voxels outside in every slice of the box across an axis: 1 for y, 2 for x. */
  numOutsideAcross(axis: 1 | 2): Float64Array {
    const [nz, ny, nx] = this.shape
    const counts = new Float64Array(this.shape[axis])
    for (let z = 0; z < nz; z++) {
      const plane = this.outside.read(z)
      for (let y = 0, at = 0; y < ny; y++) for (let x = 0; x < nx; x++, at++) counts[axis === 1 ? y : x] += plane[at]
    }
    return counts
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

/** Which voxels are zero in all channels, collected chunk by chunk. */
export class ZeroPlanes {
  readonly bits: BitPlanes
  readonly shape: Zyx

  constructor(shape: Zyx) {
    this.shape = shape
    this.bits = new BitPlanes(shape)
  }

  add({ zStart, isObject }: Pick<ObjectChunk, 'zStart' | 'isObject'>): void {
    const planeVox = this.shape[1] * this.shape[2]
    const isZero = new Uint8Array(planeVox)
    for (let z = 0; z * planeVox < isObject.length; z++) {
      for (let i = 0; i < planeVox; i++) isZero[i] = 1 - isObject[z * planeVox + i]
      this.bits.write(zStart + z, isZero)
    }
  }
}

/** The zeros that reach the border: planes are swept down and up until a sweep changes nothing. */
function floodFromBorder(zero: BitPlanes, shape: Zyx): { outside: BitPlanes; numOutside: number } {
  const [nz, ny, nx] = shape
  const outside = new BitPlanes(shape)
  let numOutside = 0
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
        numOutside += numNew
        outside.write(z, now)
      }
      neighbour = now
    }
  }
  return { outside, numOutside }
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
    for (let i = 0; i < zero.length; i++) if (zero[i] === 1 && (isEnd || neighbour?.[i] === 1)) take(i)
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
