import { Worker } from 'node:worker_threads'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { asMemoryProblem } from './memory-problem.ts'
import type { Ring } from './ring-accumulator.ts'
import { makeRingStore, RingPlanes, type RingShape, type RingStore, ringScratchBytes } from './ring-planes.ts'

/** Most workers that add tiles up: two keep pace with any network, more would wait for memory. */
export const MOST_BLEND_THREADS = 2

/** Outputs that lie ready for the workers while the next one comes. */
export const SHARED_TILES = 2

/** What a worker is started with; all buffers are shared. */
export interface BlendStart {
  /** This worker's share: planes whose place in the ring is `index` modulo `numWorkers`. */
  index: number
  numWorkers: number
  shape: RingShape
  store: RingStore
  weights: SharedArrayBuffer
  tiles: SharedArrayBuffer[]
}

/** A tile to be added; `slot` is the place of its output in `tiles`. */
export interface BlendOrder {
  slot: number
  startZyx: Zyx
}

/**
 * The ring in shared memory, added up by workers beside this thread. Each worker has planes of its own and takes the
 * tiles in their order, so every sum is made in the order in which one thread would make it: the same bytes.
 *
 * `add` resolves once the output is copied and the order given; `plane` waits for what was ordered before it.
 */
export class SharedRing implements Ring {
  readonly planeShapeYx: readonly [number, number]
  private readonly planes: RingPlanes
  private readonly tiles: Float32Array<SharedArrayBuffer>[]
  private readonly workers: BlendWorker[]
  /** Until when a slot is read by workers. */
  private readonly slotFree: Promise<unknown>[]
  private numTiles = 0

  /** @param weights z, y, x order, one patch; copied */
  constructor(numWorkers: number, shape: RingShape, weights: Float32Array) {
    const { numChannels, patchZyx, planeShapeYx } = shape
    this.planeShapeYx = planeShapeYx
    const store = makeRingStore(shape, numWorkers)
    this.planes = new RingPlanes(shape, store, 0, numWorkers)
    this.tiles = Array.from({ length: SHARED_TILES }, () => sharedFloats(numChannels * numVoxels(patchZyx)))
    this.slotFree = this.tiles.map(() => Promise.resolve())
    const shared = sharedFloats(weights.length)
    shared.set(weights)
    const tiles = this.tiles.map(({ buffer }) => buffer)
    const start = { numWorkers, shape, store, weights: shared.buffer, tiles }
    this.workers = Array.from({ length: numWorkers }, (_, index) => new BlendWorker({ ...start, index }))
  }

  /** Bytes beside those of the planes. */
  static extraBytes(numWorkers: number, numChannels: number, patchZyx: Zyx): number {
    if (numWorkers === 0) return ringScratchBytes(patchZyx, 1)
    const tiles = 4 * numVoxels(patchZyx) * (1 + SHARED_TILES * numChannels)
    return tiles + numWorkers * WORKER_BYTES + ringScratchBytes(patchZyx, numWorkers)
  }

  /** @throws {DomainError} `out_of_memory`; what ended a worker */
  async plane(z: number): Promise<Float32Array> {
    await this.settled()
    return this.planes.plane(z)
  }

  async clear(z: number): Promise<void> {
    await this.settled()
    this.planes.plane(z).fill(0)
  }

  async add(output: Float32Array, _weights: Float32Array, startZyx: Zyx): Promise<void> {
    const slot = this.numTiles++ % this.tiles.length
    await this.slotFree[slot]
    this.tiles[slot].set(output)
    const done = Promise.all(this.workers.map((worker) => worker.add({ slot, startZyx })))
    // It is awaited before the slot or a plane is used; until then a failure must not count as nobody's.
    done.catch(() => undefined)
    this.slotFree[slot] = done
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end()))
  }

  private async settled(): Promise<void> {
    await Promise.all(this.slotFree)
  }
}

/** A thread of its own, with the engine of JavaScript. */
const WORKER_BYTES = 24 * 1024 * 1024

/** One thread and the orders that it has not answered yet; it answers in their order. */
class BlendWorker {
  private readonly thread: Worker
  private readonly waiting: { resolve(): void; reject(error: Error): void }[] = []
  private problem: Error | null = null

  constructor(workerData: BlendStart) {
    this.thread = new Worker(new URL('./blend-thread.js', import.meta.url), { workerData })
    this.thread.on('message', () => this.waiting.shift()?.resolve())
    this.thread.on('error', (error) => this.fail(asMemoryProblem(error, 'A thread that adds tiles up') as Error))
    this.thread.on('exit', (code) => this.fail(new Error(`a thread that adds tiles up ended with code ${code}`)))
  }

  add(order: BlendOrder): Promise<void> {
    if (this.problem) return Promise.reject(this.problem)
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.thread.postMessage(order)
    })
  }

  async end(): Promise<void> {
    this.problem ??= new Error('the ring is closed')
    await this.thread.terminate()
  }

  private fail(error: Error): void {
    this.problem ??= error
    for (const { reject } of this.waiting.splice(0)) reject(this.problem)
  }
}

function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(4 * length))
}
