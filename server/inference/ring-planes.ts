import type { Zyx } from '../../shared/volume/zyx.ts'
import { addTile } from './add-tile.ts'
import { type AddRows, blendKernel } from './kernels/blend-kernel.ts'
import { MOST_MEMORY_BYTES, type SharedMemory, sharedMemory } from './kernels/wasm-runtime.ts'

export interface RingShape {
  numChannels: number
  patchZyx: Zyx
  /** Distance in a tile's output from one voxel to the next along z, y, x. */
  strides: Zyx
  /** y, x of the padded volume. */
  planeShapeYx: readonly [number, number]
}

/**
 * Where the sums of a ring lie; threads share it. `kernel`: as many planes as fit in each memory, behind two patch planes
 * for each thread that adds. `plain`: a buffer for each plane.
 */
export type RingStore =
  | { kind: 'kernel'; memories: SharedMemory[]; planesPerMemory: number }
  | { kind: 'plain'; buffers: SharedArrayBuffer[] }

/** For the output and the weights of one plane of a patch. */
function scratchBytes(patchZyx: Zyx): number {
  return 2 * 4 * patchZyx[1] * patchZyx[2]
}

function planeBytes({ numChannels, planeShapeYx }: RingShape): number {
  return 4 * numChannels * planeShapeYx[0] * planeShapeYx[1]
}

/** Bytes of a store beside its planes. */
export function ringScratchBytes(patchZyx: Zyx, numThreads: number): number {
  return numThreads * scratchBytes(patchZyx)
}

/** Zeros for `patch z` planes. @throws {RangeError} where the computer has no memory for them */
export function makeRingStore(shape: RingShape, numThreads: number): RingStore {
  const bytes = planeBytes(shape)
  const [numPlanes] = shape.patchZyx
  const before = ringScratchBytes(shape.patchZyx, numThreads)
  const planesPerMemory = Math.min(numPlanes, Math.floor((MOST_MEMORY_BYTES - before) / bytes))
  const plain = (): RingStore => ({
    kind: 'plain',
    buffers: Array.from({ length: numPlanes }, () => new SharedArrayBuffer(bytes)),
  })
  if (planesPerMemory < 1) return plain()
  try {
    const memories = Array.from({ length: Math.ceil(numPlanes / planesPerMemory) }, (_, i) =>
      sharedMemory(before + bytes * Math.min(planesPerMemory, numPlanes - i * planesPerMemory)),
    )
    if (blendKernel(memories[0]) === null) return plain()
    return { kind: 'kernel', memories, planesPerMemory }
  } catch (error) {
    // A memory takes more addresses than bytes: where they are limited, buffers may still be there.
    if (error instanceof RangeError) return plain()
    throw error
  }
}

/** The planes of a ring as one thread sees them: plane z lies at place z mod (patch z). */
export class RingPlanes {
  private readonly planes: Float32Array[]
  private readonly adders: MemoryAdder[]
  private readonly planesPerMemory: number
  private readonly shape: RingShape

  /** @param thread this thread's number, for planes of its own beside the ring's */
  constructor(shape: RingShape, store: RingStore, thread: number, numThreads: number) {
    this.shape = shape
    const length = planeBytes(shape) / 4
    if (store.kind === 'plain') {
      this.planesPerMemory = shape.patchZyx[0]
      this.planes = store.buffers.map((buffer) => new Float32Array(buffer))
      this.adders = []
      return
    }
    const before = ringScratchBytes(shape.patchZyx, numThreads)
    this.planesPerMemory = store.planesPerMemory
    this.planes = Array.from({ length: shape.patchZyx[0] }, (_, place) => {
      const { buffer } = store.memories[Math.floor(place / store.planesPerMemory)]
      return new Float32Array(buffer, before + (place % store.planesPerMemory) * 4 * length, length)
    })
    this.adders = store.memories.map((memory) => new MemoryAdder(shape, memory, thread * scratchBytes(shape.patchZyx)))
  }

  /** Sums of one plane, [channel, y, x]. */
  plane(z: number): Float32Array {
    return this.planes[this.placeOf(z)]
  }

  placeOf(z: number): number {
    return z % this.planes.length
  }

  /** Adds plane `z` of a tile, all channels, times its weights. @param startZyx of the tile in the padded volume */
  add(output: Float32Array, weights: Float32Array, startZyx: Zyx, z: number): void {
    const place = this.placeOf(startZyx[0] + z)
    const into = this.planes[place]
    const adder = this.adders[Math.floor(place / this.planesPerMemory)]
    if (adder) return adder.add(output, weights, startZyx, z, into.byteOffset)
    const { numChannels, patchZyx, strides, planeShapeYx } = this.shape
    for (let channel = 0; channel < numChannels; channel++)
      addTile({
        ...{ output, weights, patchZyx, strides, z, channel, numRows: patchZyx[1], into },
        ...{ firstRow: channel * planeShapeYx[0] + startZyx[1], startX: startZyx[2], rowLength: planeShapeYx[1] },
      })
  }
}

/** Adds planes of tiles to the sums in one memory. */
class MemoryAdder {
  private readonly shape: RingShape
  private readonly addRows: AddRows
  private readonly output: Float32Array
  private readonly weights: Float32Array

  /** @param scratch address of two planes of a patch that this thread alone uses */
  constructor(shape: RingShape, memory: SharedMemory, scratch: number) {
    const kernel = blendKernel(memory)
    if (!kernel) throw new Error('the kernel that adds tiles up cannot be loaded')
    this.addRows = kernel
    this.shape = shape
    const length = shape.patchZyx[1] * shape.patchZyx[2]
    this.output = new Float32Array(memory.buffer, scratch, length)
    this.weights = new Float32Array(memory.buffer, scratch + 4 * length, length)
  }

  /** @param into address of the plane of sums */
  add(output: Float32Array, weights: Float32Array, startZyx: Zyx, z: number, into: number): void {
    const { numChannels, patchZyx, planeShapeYx } = this.shape
    const [, py, px] = patchZyx
    const [sy, sx] = planeShapeYx
    this.weights.set(weights.subarray(z * py * px, (z + 1) * py * px))
    for (let channel = 0; channel < numChannels; channel++) {
      this.take(output, z, channel)
      const first = (channel * sy + startZyx[1]) * sx + startZyx[2]
      this.addRows(into + 4 * first, this.output.byteOffset, this.weights.byteOffset, py, 4 * px, 4 * sx)
    }
  }

  /** Copies one plane of one channel of a tile to where the kernel reads it. */
  private take(output: Float32Array, z: number, channel: number): void {
    const [pz, py, px] = this.shape.patchZyx
    const [tz, ty, tx] = this.shape.strides
    const from = channel * pz * py * px + z * tz
    if (tx === 1 && ty === px) return this.output.set(output.subarray(from, from + py * px))
    for (let y = 0, to = 0; y < py; y++)
      for (let x = 0, at = from + y * ty; x < px; x++, at += tx) this.output[to++] = output[at]
  }
}
