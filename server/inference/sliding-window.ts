import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { gaussianImportance, gaussianReach, uniformImportance } from '../../shared/volume/importance-map.ts'
import { type TileGrid, tileGrid } from '../../shared/volume/tile-starts.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { type Axes, reordered } from './axis-order.ts'
import { flipCombinations } from './mirroring.ts'
import type { NetworkSession } from './network-session.ts'
import { NormalisedSlab } from './normalised-slab.ts'
import type { PlaneStream } from './plane-stream.ts'
import type { PlaneWindow, WeightOf } from './plane-window.ts'
import { type Ring, RingAccumulator } from './ring-accumulator.ts'
import { ScratchRing } from './scratch-ring.ts'
import { MOST_BLEND_THREADS, SharedRing } from './shared-ring.ts'
import type { StageClock } from './stage-clock.ts'
import { TilePredictor } from './tile-predictor.ts'
import { type SumOfWeights, sumsOfWeights } from './tile-weights.ts'

export interface SlidingWindowInput {
  /** The volume on the network's grid, axes in the order of the run. */
  planes: PlaneStream
  /** Axis k of the run is axis `ofModel[k]` of the network. */
  ofModel: Axes
  session: NetworkSession
  manifest: ModelManifest
  params: Pick<EffectiveParams, 'patch_zyx' | 'step' | 'mirror_axes' | 'batch'>
  /** The tiles to run; all of the plan where it is absent. Together they must cover the volume. */
  starts?: TileGrid['starts']
  /** Planes before this one are not wanted, nor is what only they need; 0 where it is absent. */
  firstPlane?: number
  /** Outputs of tiles that an earlier pass kept, or that this pass keeps. */
  store?: TileStore
  /** Where the sums are kept that memory shall not hold; absent: in memory. */
  ringFile?: string
  /** Threads that add tiles up beside this one; 0 or absent: this one does. Not with `ringFile`. */
  blendThreads?: number
  clock: StageClock
  signal: AbortSignal
}

/** Outputs of tiles by the place where they begin. */
export interface TileStore {
  has(startZyx: Zyx): boolean
  /** The output of a tile that is kept. */
  load(startZyx: Zyx): Promise<Float32Array>
  /** Told of every output that is not kept. The array is not changed and not kept. */
  save(startZyx: Zyx, output: Float32Array): Promise<void>
}

/** Told as the window moves. */
export interface SlidingWindowOutput {
  /** @param isNew false for a tile whose output was kept by an earlier pass */
  tileDone(isNew: boolean): void
  /**
   * A plane that no later tile touches, ascending: weighted sums, [channel, y, x] over the padded plane, and the
   * weights that belong to them. Valid until the promise resolves.
   */
  planeDone(sums: Float32Array, weights: WeightOf, window: PlaneWindow): Promise<void>
  /** A row of tiles is through: the planes given so far are all that will come for a while. */
  rowDone(): Promise<void>
}

/** What a sliding window will do, known before it starts. */
export interface SlidingWindowPlan {
  /** Axes in the order of the run. */
  patch: Zyx
  grid: TileGrid
  numForwards: number
}

/** Tiles and network runs of a volume. @throws {DomainError} `step_out_of_range` */
export function planSlidingWindow(
  shapeZyx: Zyx,
  ofModel: Axes,
  params: SlidingWindowInput['params'],
): SlidingWindowPlan {
  const patch = reordered(params.patch_zyx, ofModel)
  const grid = tileGrid(shapeZyx, patch, params.step)
  return { patch, grid, numForwards: grid.numTiles * 2 ** new Set(params.mirror_axes).size }
}

/** How many rows of tiles touch no plane from `firstPlane` on: what lies behind them comes out the same without them. */
export function rowsBefore({ patch, grid }: SlidingWindowPlan, firstPlane: number): number {
  const [starts] = grid.starts
  const first = starts.findIndex((start) => start + patch[0] > firstPlane + grid.padBelowZyx[0])
  return first < 0 ? starts.length : first
}

/** Tiles that go through the network together. */
interface Group {
  numTiles: number
  buffer: Float32Array
  outputs: Promise<Float32Array[]> | null
}

/** A tile that is not added up yet; `group` is null where its output is kept. */
interface TileInFlight {
  start: Zyx
  /** Set for the last tile of a row along the first axis: which row. Tiles of small patches may begin at the same voxel. */
  endsRow: number | null
  group: Group | null
  indexInGroup: number
}

/**
 * Runs a network over a volume tile by tile and hands out planes of weighted sums as they become final.
 *
 * Tiles run along the first axis last; a ring of `patch` planes holds the weighted sums. After a row of tiles, the planes
 * before the next row's start cannot be touched again: they are handed out and forgotten. Nothing of the size of the
 * volume is held. Where the session works beside this thread, the next tiles are prepared and the last one is added up
 * while the network runs; sums are always added in the order of the tiles, so that the bytes do not depend on it.
 * @throws {DomainError} `canceled`, `out_of_memory`, and what stream and output throw
 * @see nnunetv2/inference/predict_from_raw_data.py, predict_sliding_window_return_logits
 */
export async function runSlidingWindow(input: SlidingWindowInput, output: SlidingWindowOutput): Promise<void> {
  const { planes, manifest, params, signal, session, store, clock } = input
  const plan = planSlidingWindow(planes.shapeZyx, input.ofModel, params)
  const { patch } = plan
  const grid = { ...plan.grid, starts: input.starts ?? plan.grid.starts }
  const { gaussian, sigma_scale: sigmaScale, pad_value: padValue } = manifest.tiles
  const weights = gaussian ? gaussianImportance(patch, sigmaScale) : uniformImportance(patch)
  const sumOfWeights = sumsOfWeights(weights, patch, grid, gaussian ? gaussianReach(patch, sigmaScale) : null)
  const strides = tileStrides(params.patch_zyx, input.ofModel)
  const slab = new NormalisedSlab(planes, grid, patch, strides, padValue)
  const numChannels = { input: planes.numChannels, output: manifest.output.channels }
  const planeShape = [grid.paddedShapeZyx[1], grid.paddedShapeZyx[2]] as const
  const ring = await makeRing(input, numChannels.output, patch, strides, planeShape, weights)
  const combinations = flipCombinations(params.mirror_axes)
  const predictor = new TilePredictor({
    ...{ session, patchZyx: params.patch_zyx, numChannels, combinations, batch: params.batch ?? 1 },
  })
  const { firstPlane = 0 } = input
  const finals = new FinalPlanes(planes.shapeZyx, output, ring, grid, sumOfWeights, firstPlane)
  const groups = new TileGroups(predictor, numChannels.input * numVoxels(patch), session.numAhead ?? 0)
  /** In the order of the tiles. */
  const inFlight: TileInFlight[] = []
  const settle = async () => {
    const { start, endsRow, group, indexInGroup } = inFlight.shift() as TileInFlight
    const sums = await clock.time('network', () => (group ? groups.output(group, indexInGroup) : keptOutput(start)))
    if (group) await store?.save(start, sums)
    await clock.time('blend', () => ring.add(sums, weights, start))
    output.tileDone(group !== null)
    if (endsRow !== null) await clock.time('decode', () => finals.rowDone(endsRow))
  }
  const keptOutput = (start: Zyx) => (store as TileStore).load(start)
  try {
    const [startsZ, startsY, startsX] = grid.starts
    const numInRow = startsY.length * startsX.length
    for (let row = rowsBefore({ ...plan, grid }, firstPlane); row < startsZ.length; row++) {
      const z = startsZ[row]
      await clock.time('read', () => slab.advanceTo(z, signal))
      for (let i = 0; i < numInRow; i++) {
        await letMessagesIn(signal)
        const start: Zyx = [z, startsY[Math.floor(i / startsX.length)], startsX[i % startsX.length]]
        const endsRow = i === numInRow - 1 ? row : null
        if (store?.has(start)) inFlight.push({ start, endsRow, group: null, indexInGroup: 0 })
        else {
          const place = groups.next()
          await clock.time('cut', () => slab.extract(start, place.buffer))
          inFlight.push({ start, endsRow, ...place })
          groups.added(place.group)
        }
        while (groups.areTooMany || (inFlight.length > 0 && inFlight[0].group === null)) await settle()
      }
    }
    groups.end()
    while (inFlight.length > 0) await settle()
    finals.checkAllGiven()
  } finally {
    await ring.close()
  }
}

/**
 * Gathers tiles into groups and hands full ones to the network. Only so many are on their way at a time: their buffers
 * are used again.
 */
class TileGroups {
  private readonly buffers: Float32Array[]
  private filling: Group | null = null
  private numStarted = 0
  private numAwaited = 0
  private readonly predictor: TilePredictor
  private readonly tileLength: number

  /** @param numAhead tiles that may be on their way while the network runs */
  constructor(predictor: TilePredictor, tileLength: number, numAhead: number) {
    this.predictor = predictor
    this.tileLength = tileLength
    const numBuffers = Math.ceil(numAhead / predictor.groupSize) + 1
    this.buffers = Array.from({ length: numBuffers }, () => new Float32Array(predictor.groupSize * tileLength))
  }

  /** True where outputs must be taken before the next tile is prepared. */
  get areTooMany(): boolean {
    return this.numAwaited === this.buffers.length
  }

  /** The place of the next tile. */
  next(): { group: Group; indexInGroup: number; buffer: Float32Array } {
    const free = () => this.buffers[this.numStarted++ % this.buffers.length]
    this.filling ??= { numTiles: 0, outputs: null, buffer: free() }
    const { numTiles, buffer } = this.filling
    const place = buffer.subarray(numTiles * this.tileLength, (numTiles + 1) * this.tileLength)
    return { group: this.filling, indexInGroup: numTiles, buffer: place }
  }

  /** The next tile of the group is there. */
  added(group: Group): void {
    group.numTiles++
    if (group.numTiles === this.predictor.groupSize) this.end()
  }

  /** What was gathered goes to the network. */
  end(): void {
    const group = this.filling
    this.filling = null
    if (!group) return
    this.numAwaited++
    group.outputs = this.predictor.predict(group.buffer, group.numTiles)
    // Awaited in its turn; until then a failure must not count as nobody's.
    group.outputs.catch(() => undefined)
  }

  /** Taken in the order of the tiles; with the last of a group its buffer is free. */
  async output(group: Group, index: number): Promise<Float32Array> {
    const outputs = (await group.outputs) as Float32Array[]
    if (index === group.numTiles - 1) this.numAwaited--
    return outputs[index]
  }
}

/** Sums in a scratch file, in memory that threads share, or in this thread's own; the same sums. */
async function makeRing(
  { ringFile, blendThreads = 0 }: SlidingWindowInput,
  numChannels: number,
  patch: Zyx,
  strides: Zyx,
  planeShape: readonly [number, number],
  weights: Float32Array,
): Promise<Ring> {
  if (ringFile) return ScratchRing.create(ringFile, numChannels, patch, strides, planeShape)
  const shape = { numChannels, patchZyx: patch, strides, planeShapeYx: planeShape }
  if (blendThreads === 0) return new RingAccumulator(shape)
  const numWorkers = Math.min(blendThreads, MOST_BLEND_THREADS, patch[0])
  return new SharedRing(numWorkers, shape, weights)
}

/** Distance in the network's buffer between neighbours along the axes of the run. */
function tileStrides(patchOfModel: Zyx, ofModel: Axes): Zyx {
  return reordered([patchOfModel[1] * patchOfModel[2], patchOfModel[2], 1], ofModel)
}

/** A cancel message is only seen when the loop turns once between tiles. */
async function letMessagesIn(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (signal.aborted) throw new DomainError('canceled')
}

/** Hands out planes that no later tile touches, without the padding along the first axis. */
class FinalPlanes {
  private readonly window: PlaneWindow
  private readonly sizeZ: number
  private readonly output: SlidingWindowOutput
  private readonly ring: Ring
  private readonly grid: TileGrid
  private readonly sumOfWeights: SumOfWeights
  private readonly firstPlane: number
  private numGiven = 0

  constructor(
    shapeZyx: Zyx,
    output: SlidingWindowOutput,
    ring: Ring,
    grid: TileGrid,
    sumOfWeights: SumOfWeights,
    firstPlane: number,
  ) {
    this.firstPlane = firstPlane
    this.sizeZ = shapeZyx[0]
    this.output = output
    this.ring = ring
    this.grid = grid
    this.sumOfWeights = sumOfWeights
    this.window = {
      paddedYx: ring.planeShapeYx,
      belowYx: [grid.padBelowZyx[1], grid.padBelowZyx[2]],
      sizeYx: [shapeZyx[1], shapeZyx[2]],
    }
  }

  /** All tiles of a row are added up: its final planes go out; none where the next row begins at the same plane. */
  async rowDone(row: number): Promise<void> {
    const [startsZ] = this.grid.starts
    await this.handOut(startsZ[row], startsZ[row + 1] ?? this.grid.paddedShapeZyx[0])
    await this.output.rowDone()
  }

  /** Planes [from, to) of the padded volume are final. */
  private async handOut(from: number, to: number): Promise<void> {
    for (let z = from; z < to; z++) {
      const volumeZ = z - this.grid.padBelowZyx[0]
      if (volumeZ >= this.firstPlane && volumeZ < this.sizeZ) {
        await this.output.planeDone(await this.ring.plane(z), this.sumOfWeights(z), this.window)
        this.numGiven++
      }
      await this.ring.clear(z)
    }
  }

  /** A mask with planes that nobody wrote would look like one without objects. @throws Error */
  checkAllGiven(): void {
    const expected = Math.max(0, this.sizeZ - this.firstPlane)
    if (this.numGiven !== expected) throw new Error(`${this.numGiven} of ${expected} planes became final`)
  }
}
