import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { gaussianImportance, uniformImportance } from '../../shared/volume/importance-map.ts'
import { type TileGrid, tileGrid } from '../../shared/volume/tile-starts.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import type { PlaneWindow, WeightOf } from './decode-plane.ts'
import { flipCombinations } from './mirroring.ts'
import type { NetworkSession } from './network-session.ts'
import { NormalisedSlab } from './normalised-slab.ts'
import type { PlaneStream } from './plane-stream.ts'
import { RingAccumulator } from './ring-accumulator.ts'
import { TilePredictor } from './tile-predictor.ts'

export interface SlidingWindowInput {
  /** The volume on the network's grid. */
  planes: PlaneStream
  session: NetworkSession
  manifest: ModelManifest
  params: Pick<EffectiveParams, 'patch_zyx' | 'step' | 'mirror_axes'>
  signal: AbortSignal
}

/** Told as the window moves. */
export interface SlidingWindowOutput {
  tileDone(): void
  /**
   * A plane that no later tile touches, in ascending z: weighted sums, [channel, y, x] over the padded plane, and the
   * weights that belong to them. Valid until the promise resolves.
   */
  planeDone(sums: Float32Array, weights: WeightOf, window: PlaneWindow): Promise<void>
  /** A row of tiles is through: the planes given so far are all that will come for a while. */
  rowDone(): Promise<void>
}

/** What a sliding window will do, known before it starts. */
export interface SlidingWindowPlan {
  grid: TileGrid
  numForwards: number
}

/** Tiles and network runs of a volume. @throws {DomainError} `step_out_of_range` */
export function planSlidingWindow(shapeZyx: Zyx, params: SlidingWindowInput['params']): SlidingWindowPlan {
  const grid = tileGrid(shapeZyx, params.patch_zyx, params.step)
  return { grid, numForwards: grid.numTiles * 2 ** new Set(params.mirror_axes).size }
}

/**
 * Runs a network over a volume tile by tile and hands out planes of weighted sums as they become final.
 *
 * Tiles run z outermost; a ring of `patch z` planes holds the weighted sums. After a row of tiles, the planes before the
 * next row's start cannot be touched again: they are handed out and forgotten. Nothing of the size of the
 * volume is held.
 * @throws {DomainError} `canceled`, `out_of_memory`, and what stream and output throw
 * @see nnunetv2/inference/predict_from_raw_data.py, predict_sliding_window_return_logits
 */
export async function runSlidingWindow(input: SlidingWindowInput, output: SlidingWindowOutput): Promise<void> {
  const { planes, manifest, params, signal } = input
  const patch = params.patch_zyx
  const { grid } = planSlidingWindow(planes.shapeZyx, params)
  const weights = manifest.tiles.gaussian
    ? gaussianImportance(patch, manifest.tiles.sigma_scale)
    : uniformImportance(patch)
  const slab = new NormalisedSlab(planes, grid, patch, manifest.tiles.pad_value)
  const ring = new RingAccumulator(manifest.output.channels, patch, [grid.paddedShapeZyx[1], grid.paddedShapeZyx[2]])
  const predictor = new TilePredictor(
    input.session,
    patch,
    manifest.output.channels,
    flipCombinations(params.mirror_axes),
  )
  const finals = new FinalPlanes(planes.shapeZyx, output, ring, grid, sumsOfWeights(weights, patch, grid))
  const tile = new Float32Array(numVoxels(patch))
  const [startsZ, startsY, startsX] = grid.starts
  for (const [row, z] of startsZ.entries()) {
    await slab.advanceTo(z, signal)
    for (const y of startsY)
      for (const x of startsX) {
        await letMessagesIn(signal)
        slab.extract([z, y, x], tile)
        ring.add(await predictor.predict(tile), weights, [z, y, x])
        output.tileDone()
      }
    await finals.handOut(z, startsZ[row + 1] ?? grid.paddedShapeZyx[0])
    await output.rowDone()
  }
}

/** A network run blocks this thread, so a cancel message is only seen when the loop turns once between tiles. */
async function letMessagesIn(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (signal.aborted) throw new DomainError('canceled')
}

/** Hands out planes that no later tile touches, without the padding along z. */
class FinalPlanes {
  private readonly window: PlaneWindow
  private readonly sizeZ: number
  private readonly output: SlidingWindowOutput
  private readonly ring: RingAccumulator
  private readonly grid: TileGrid
  private readonly axisWeights: readonly [Float64Array, Float64Array, Float64Array]

  constructor(
    shapeZyx: Zyx,
    output: SlidingWindowOutput,
    ring: RingAccumulator,
    grid: TileGrid,
    axisWeights: readonly [Float64Array, Float64Array, Float64Array],
  ) {
    this.sizeZ = shapeZyx[0]
    this.output = output
    this.ring = ring
    this.grid = grid
    this.axisWeights = axisWeights
    this.window = {
      paddedYx: ring.planeShapeYx,
      belowYx: [grid.padBelowZyx[1], grid.padBelowZyx[2]],
      sizeYx: [shapeZyx[1], shapeZyx[2]],
    }
  }

  /** Planes [from, to) of the padded volume are final. */
  async handOut(from: number, to: number): Promise<void> {
    const [wz, wy, wx] = this.axisWeights
    for (let z = from; z < to; z++) {
      const volumeZ = z - this.grid.padBelowZyx[0]
      if (volumeZ >= 0 && volumeZ < this.sizeZ) {
        await this.output.planeDone(this.ring.plane(z), (y, x) => wz[z] * wy[y] * wx[x], this.window)
      }
      this.ring.clear(z)
    }
  }
}

/**
 * Sum of the tile weights at (z, y, x) as a product of three 1-D sums: the tiles form a Cartesian grid and the
 * weights are separable, so nothing of the size of the volume is stored.
 */
function sumsOfWeights(weights: Float32Array, patch: Zyx, grid: TileGrid): [Float64Array, Float64Array, Float64Array] {
  const centre = patch.map((size) => Math.floor(size / 2))
  const strides = [patch[1] * patch[2], patch[2], 1]
  const at = (axis: number, index: number) =>
    weights[centre.reduce((sum, c, k) => sum + (k === axis ? index : c) * strides[k], 0)]
  const peak = weights[centre.reduce((sum, c, k) => sum + c * strides[k], 0)]
  return [0, 1, 2].map((axis) => {
    const sums = new Float64Array(grid.paddedShapeZyx[axis])
    // Each axis carries the whole peak once: w(z, y, x) = peak · (wz / peak) · (wy / peak) · (wx / peak).
    const scale = axis === 0 ? 1 : 1 / peak
    for (const start of grid.starts[axis]) for (let i = 0; i < patch[axis]; i++) sums[start + i] += at(axis, i) * scale
    return sums
  }) as [Float64Array, Float64Array, Float64Array]
}
