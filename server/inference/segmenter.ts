import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import type { TileGrid } from '../../shared/volume/tile-starts.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { AxisOrder } from './axis-order.ts'
import { UncroppedPlanes } from './cropped-source.ts'
import { makeDecoder } from './decode-plane.ts'
import type { NetworkSession } from './network-session.ts'
import type { PlaneWindow, WeightOf } from './plane-window.ts'
import type { PreparedInput } from './prepare-input.ts'
import { newLabels } from './preview-builder.ts'
import { LogitsBack } from './resampled-planes.ts'
import {
  planSlidingWindow,
  rowsBefore,
  runSlidingWindow,
  type SlidingWindowPlan,
  type TileStore,
} from './sliding-window.ts'
import type { StageClock } from './stage-clock.ts'

export interface SegmenterNeeds {
  input: PreparedInput
  order: AxisOrder
  /** The whole volume, axes in the order of the run. */
  shape: Zyx
  dtype: 'uint8' | 'uint16'
  /** Spacing in the order of the run. */
  manifest: ModelManifest
  params: EffectiveParams
  session: NetworkSession
  clock: StageClock
  /** Scratch file for the sums of a job that spills. */
  ringFile?: string
  blendThreads?: number
  signal: AbortSignal
}

/** A finished plane of the whole volume. Valid until the promise of its taker resolves. */
export interface FinishedPlane {
  labels: LabelArray
  probability: Uint8Array | null
  candidate: LabelArray | null
}

/** What a pass tells while it goes on. */
export interface PassEvents {
  plane(plane: FinishedPlane): Promise<void>
  tileDone(isNew: boolean): void
  rowDone(): Promise<void>
}

/** What a pass need not do, or does for another one. */
export interface PassTiles {
  starts?: TileGrid['starts']
  store?: TileStore
  /** The first planes of the whole volume that are known: they do not come. */
  numKnown?: number
}

/** Runs the network over the prepared input: planes of the whole volume come out, in the order of the run. */
export class Segmenter {
  readonly plan: SlidingWindowPlan
  private readonly needs: SegmenterNeeds

  constructor(needs: SegmenterNeeds) {
    this.needs = needs
    const shape = needs.input.grid?.shapeZyx ?? needs.input.region.shapeZyx
    this.plan = planSlidingWindow(shape, needs.order.ofModel, needs.params)
  }

  /** Tiles that need not run where the first planes of the whole volume are known. */
  tilesBefore(numKnown: number): number {
    const { starts } = this.plan.grid
    return rowsBefore(this.plan, this.firstPlane(this.knownOfRegion(numKnown))) * starts[1].length * starts[2].length
  }

  private knownOfRegion(numKnown: number): number {
    const { startZyx, shapeZyx } = this.needs.input.region
    return Math.min(Math.max(0, numKnown - startZyx[0]), shapeZyx[0])
  }

  /** The first plane of the network's grid that planes of the region from this one on need. */
  private firstPlane(ofRegion: number): number {
    const { grid, region } = this.needs.input
    return grid ? LogitsBack.firstPlaneFor(ofRegion, grid, region.shapeZyx) : ofRegion
  }

  /** @param keepsProbability false where only labels are wanted */
  async pass(keepsProbability: boolean, events: PassEvents, tiles: PassTiles = {}): Promise<void> {
    const { input, order, shape, dtype, manifest, params, session, clock, signal } = this.needs
    const { ringFile, blendThreads = 0 } = this.needs
    const { region, grid } = input
    const decode = makeDecoder(manifest, keepsProbability ? (params.threshold ?? null) : null)
    const planeVox = region.shapeZyx[1] * region.shapeZyx[2]
    const probability = keepsProbability ? new Uint8Array(planeVox) : null
    const candidate = keepsProbability ? newLabels(dtype, planeVox) : null
    const decoded = { labels: newLabels(dtype, planeVox), probability, candidate }
    const dtypes = keepsProbability ? ([dtype, 'uint8', dtype] as const) : [dtype]
    const { numKnown = 0, ...ofWindow } = tiles
    const whole = new UncroppedPlanes(
      region,
      shape,
      dtypes,
      ([labels, p, best]) => events.plane({ labels, probability: (p as Uint8Array) ?? null, candidate: best ?? null }),
      numKnown,
    )
    const knownOfRegion = this.knownOfRegion(numKnown)
    const firstPlane = this.firstPlane(knownOfRegion)
    const back = grid && new LogitsBack(grid, region.shapeZyx, manifest.output.channels, knownOfRegion)
    const finish = async (sums: Float32Array, weights: WeightOf, window: PlaneWindow) => {
      decode(sums, weights, window, decoded)
      await whole.add(probability && candidate ? [decoded.labels, probability, candidate] : [decoded.labels])
    }
    await runSlidingWindow(
      {
        planes: await input.open(),
        ofModel: order.ofModel,
        session,
        manifest,
        params,
        clock,
        signal,
        ...(ringFile ? { ringFile } : { blendThreads }),
        ...ofWindow,
        firstPlane,
      },
      {
        tileDone: events.tileDone,
        rowDone: events.rowDone,
        planeDone: async (sums, weights, window) => {
          if (!back) return finish(sums, weights, window)
          for (const logits of back.push(sums, weights, window)) await finish(logits, () => 1, back.window)
        },
      },
    )
    await whole.end()
  }
}
