import type { ModelManifest, Normalization } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VoxelSource } from '../../shared/volume/header.ts'
import { RunningStatistics, type ValueStatistics } from '../../shared/volume/running-statistics.ts'
import type { ValueArray } from '../../shared/volume/voxel-values.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { croppedSource, type VoxelBox } from './cropped-source.ts'
import { FilledMask, ZeroPlanes } from './filled-mask.ts'
import { sliceAxis } from './model-grid.ts'
import { NonzeroBox } from './nonzero-box.ts'
import { isMasked, makeNormaliser, type Normaliser, sharesOf } from './normalise.ts'
import { normalisedRanges, SliceValues } from './normalised-ranges.ts'
import { QuantileFinder } from './quantile-finder.ts'
import { type RangeBits, rangeBits } from './range-bits.ts'
import { objectChunks, valueChunks } from './value-chunks.ts'

/** More non-finite voxels than this share and the volume is refused: its statistics would mean nothing. */
const MOST_NONFINITE_SHARE = 0.1

/** What is known of a channel before it streams: everything that its normalisation and resampling need. */
export interface ChannelMeasure {
  statistics: ValueStatistics
  quantiles: [share: number, value: number][]
  /** Of the normalised values in the box: one, or one per slice across `sliceAxis`. */
  ranges: RangeBits
}

export interface InputMeasure {
  /** The non-zero box, or the whole. */
  box: VoxelBox
  channels: ChannelMeasure[]
}

export interface MeasureRequest {
  /** One per input channel, of one shape, axes in the order of the run. */
  sources: readonly VoxelSource[]
  manifest: ModelManifest
  signal: AbortSignal
}

/** True where a mask of the object, holes filled, says which voxels are normalised. */
export function needsMask({ crop, normalization }: ModelManifest): boolean {
  return crop.nonzero && normalization.some(isMasked)
}

/** The normalisation of a channel that was measured. */
export function normaliserOf(
  rule: Normalization,
  { statistics, quantiles }: Omit<ChannelMeasure, 'ranges'>,
): Normaliser {
  return makeNormaliser(rule, statistics, (share) => {
    const found = quantiles.find(([known]) => known === share)
    if (!found) throw new Error(`the quantile ${share} was not measured`)
    return found[1]
  })
}

/**
 * Measures the channels in one pass over the planes: the box, the mask, mean, deviation, ranges and what is not finite;
 * one more where a rule needs exact quantiles.
 * @returns the mask too where one is needed
 * @throws {DomainError} `volume_not_finite`, `canceled`, `format_*`
 */
export function measureInput(request: MeasureRequest): Promise<{ measure: InputMeasure; mask: FilledMask | null }> {
  return request.manifest.crop.nonzero ? measureObject(request) : measureWhole(request)
}

/** Channel by channel: nothing is looked at in several of them. */
async function measureWhole({ sources, manifest, signal }: MeasureRequest) {
  const { header } = sources[0]
  const box: VoxelBox = { startZyx: [0, 0, 0], shapeZyx: header.shapeZyx }
  const channels: ChannelMeasure[] = []
  for (const [i, source] of sources.entries()) {
    const rule = manifest.normalization[i]
    const meter = new ChannelMeter(rule, isMasked(rule), sliceAxis(manifest, header), header.shapeZyx)
    for await (const values of valueChunks(source, signal)) {
      meter.addSlices(values)
      meter.add(values)
    }
    channels.push(await meter.end(source, box, null, signal))
  }
  return { measure: { box, channels }, mask: null }
}

/**
 * All channels together: the object is where one of them is not zero, and everything else in its box is zero in all. So
 * the object's values are measured before the box is known, and the zeros are counted.
 */
async function measureObject({ sources, manifest, signal }: MeasureRequest) {
  const { header } = sources[0]
  const shape = header.shapeZyx
  const finder = new NonzeroBox(shape)
  const zeros = needsMask(manifest) ? new ZeroPlanes(shape) : null
  const meters = manifest.normalization.map((rule) => new ChannelMeter(rule, false, sliceAxis(manifest, header), shape))
  let numObject = 0
  for await (const chunk of objectChunks(sources, signal)) {
    finder.add(chunk)
    zeros?.add(chunk)
    for (const [i, meter] of meters.entries()) {
      meter.addSlices(chunk.channels[i])
      const values = chosen(chunk.channels[i], chunk.isObject)
      meter.add(values)
      if (i === 0) numObject += values.length
    }
  }
  const box = finder.box()
  const mask = zeros && new FilledMask(box.shapeZyx, zeros.bits.intoBox(box))
  const numZeros = numVoxels(box.shapeZyx) - numObject
  const channels: ChannelMeasure[] = []
  for (const [i, meter] of meters.entries()) {
    const usedMask = isMasked(manifest.normalization[i]) ? mask : null
    meter.addZeros(numZeros - (usedMask?.numOutside ?? 0))
    channels.push(await meter.end(croppedSource(sources[i], box), box, usedMask, signal))
  }
  return { measure: { box, channels }, mask }
}

/** The values where the mask is 1, put together at the front of the same array. */
function chosen(values: ValueArray, mask: Uint8Array): ValueArray {
  let length = 0
  for (let i = 0; i < values.length; i++) if (mask[i] === 1) values[length++] = values[i]
  return values.subarray(0, length)
}

/** Collects what one channel's rule asks for. States: `add…` → `end`. */
class ChannelMeter {
  private readonly running: RunningStatistics
  private readonly finder: QuantileFinder
  private readonly slices: SliceValues | null
  private readonly shares: number[]
  private readonly rule: Normalization

  /** @param axis across which slices are clipped each to its own range @param shape of the planes that come */
  constructor(rule: Normalization, isNonzeroOnly: boolean, axis: 1 | 2 | null, shape: Zyx) {
    this.rule = rule
    this.shares = sharesOf(rule)
    this.running = new RunningStatistics(isNonzeroOnly)
    this.finder = new QuantileFinder(this.shares)
    this.slices = axis && new SliceValues(axis, shape)
  }

  /** Values that the statistics are taken over, in any shape. */
  add(values: ValueArray): void {
    this.running.add(values)
    if (this.shares.length > 0) this.finder.addFirst(values)
  }

  addZeros(count: number): void {
    this.running.addZeros(count)
    if (this.shares.length > 0) this.finder.addZeros(count)
  }

  /** Whole planes. */
  addSlices(planes: ValueArray): void {
    this.slices?.add(planes)
  }

  /** @param source the box of the channel @param mask of the box, where it says what is normalised */
  async end(source: VoxelSource, box: VoxelBox, mask: FilledMask | null, signal: AbortSignal): Promise<ChannelMeasure> {
    const statistics = this.running.result()
    const share = statistics.nonfinite / numVoxels(box.shapeZyx)
    if (share > MOST_NONFINITE_SHARE) throw new DomainError('volume_not_finite', { share: (share * 100).toFixed(1) })
    const measured = { statistics, quantiles: await this.quantiles(source, signal) }
    const normalise = normaliserOf(this.rule, measured)
    const known = this.slices?.known(box, mask) ?? [this.known(statistics, box, mask)]
    return { ...measured, ranges: rangeBits(normalisedRanges(known, normalise, mask !== null)) }
  }

  private async quantiles(source: VoxelSource, signal: AbortSignal): Promise<ChannelMeasure['quantiles']> {
    if (this.shares.length === 0) return []
    this.finder.beginSecond()
    for await (const values of valueChunks(source, signal)) this.finder.addSecond(values)
    return this.shares.map((share) => [share, this.finder.quantile(share)])
  }

  /** Of the whole box. Zeros that were measured are in the range already. */
  private known({ count, min, max, nonfinite }: ValueStatistics, box: VoxelBox, mask: FilledMask | null) {
    const numLeftOut = numVoxels(box.shapeZyx) - count - nonfinite
    const range = count > 0 ? { min, max } : { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
    return {
      ...range,
      hasNonfinite: nonfinite > 0,
      hasZeros: mask === null && numLeftOut > 0,
      hasOutside: mask !== null && numLeftOut > 0,
    }
  }
}
