import type { Abort } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { ModelGrid } from './model-grid.ts'
import type { PlaneStream } from './plane-stream.ts'
import type { PlaneWindow, WeightOf } from './plane-window.ts'
import type { ValueRanges } from './resampling/plan.ts'
import { firstPlaneNeeded, SlabResampler, slabBytes } from './resampling/resample-slabs.ts'

/** A normalised channel on the network's grid: source planes in, resampled planes out, a few planes held. */
export class ResampledPlanes implements PlaneStream {
  readonly shapeZyx: Zyx
  readonly numChannels = 1
  private readonly ready: Float32Array[] = []
  private readonly source: PlaneStream
  private readonly resampler: SlabResampler

  /** @param ranges of the source's values, as `dataRanges` tells them; not looked at where nothing is clipped to them */
  constructor(source: PlaneStream, grid: ModelGrid, ranges: ValueRanges) {
    this.source = source
    this.shapeZyx = grid.shapeZyx
    this.resampler = new SlabResampler(source.shapeZyx, grid.shapeZyx, { ...grid.data, ranges: [ranges] })
  }

  /** Bytes that one channel holds. */
  static bytesFor(shapeZyx: Zyx, grid: ModelGrid): number {
    return slabBytes(shapeZyx, grid.shapeZyx, grid.data)
  }

  async next(signal?: Abort): Promise<Float32Array> {
    while (this.ready.length === 0) this.ready.push(...this.resampler.push(await this.source.next(signal)))
    return this.ready.shift() as Float32Array
  }
}

/** The way back: planes of weighted sums on the network's grid in, planes of logits on the volume's grid out. */
export class LogitsBack {
  private readonly resampler: SlabResampler
  private readonly plane: Float32Array
  private readonly numChannels: number
  /** Where a plane of logits lies: nothing is padded any more. */
  readonly window: PlaneWindow

  /** @param firstZ the first plane of the volume that is wanted: what comes in begins at `firstPlaneFor` it */
  constructor(grid: ModelGrid, volumeShapeZyx: Zyx, numChannels: number, firstZ = 0) {
    this.numChannels = numChannels
    this.resampler = new SlabResampler(grid.shapeZyx, volumeShapeZyx, { ...grid.logits, numChannels }, firstZ)
    this.plane = new Float32Array(numChannels * grid.shapeZyx[1] * grid.shapeZyx[2])
    const sizeYx = [volumeShapeZyx[1], volumeShapeZyx[2]] as const
    this.window = { paddedYx: sizeYx, belowYx: [0, 0], sizeYx }
  }

  /** Bytes that the way back holds. */
  static bytesFor(grid: ModelGrid, volumeShapeZyx: Zyx, numChannels: number): number {
    return slabBytes(grid.shapeZyx, volumeShapeZyx, { ...grid.logits, numChannels })
  }

  /** The first plane of the network's grid that plane `z` of the volume and those after it need. */
  static firstPlaneFor(z: number, grid: ModelGrid, volumeShapeZyx: Zyx): number {
    return firstPlaneNeeded(z, grid.shapeZyx, volumeShapeZyx, grid.logits)
  }

  /** The planes of the volume that are final now, [channel, y, x]. */
  *push(sums: Float32Array, weights: WeightOf, window: PlaneWindow): Generator<Float32Array> {
    const [sizeY, sizeX] = window.sizeYx
    const channelVox = window.paddedYx[0] * window.paddedYx[1]
    for (let y = 0; y < sizeY; y++) {
      const row = (y + window.belowYx[0]) * window.paddedYx[1] + window.belowYx[1]
      for (let x = 0; x < sizeX; x++) {
        const weight = weights(y + window.belowYx[0], x + window.belowYx[1])
        for (let channel = 0; channel < this.numChannels; channel++) {
          this.plane[(channel * sizeY + y) * sizeX + x] = sums[channel * channelVox + row + x] / weight
        }
      }
    }
    yield* this.resampler.push(this.plane)
  }
}
