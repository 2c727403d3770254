import type { ModelManifest, Normalization } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning, VoxelSource } from '../../shared/volume/header.ts'
import { RunningStatistics, type ValueStatistics } from '../../shared/volume/running-statistics.ts'
import { toFloat32 } from '../../shared/volume/voxel-values.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import { croppedSource, nonzeroBox, sharedBox, type VoxelBox } from './cropped-source.ts'
import { FilledMask } from './filled-mask.ts'
import { type ModelGrid, modelGrid } from './model-grid.ts'
import { isMasked, makeNormaliser, sharesOf } from './normalise.ts'
import { JoinedPlanes, type MaskOf, type PlaneStream, SourcePlanes } from './plane-stream.ts'
import { QuantileFinder } from './quantile-finder.ts'
import { ResampledPlanes } from './resampled-planes.ts'
import type { StatisticsCache } from './statistics-cache.ts'

/** More non-finite voxels than this share and the volume is refused: its statistics would mean nothing. */
const MOST_NONFINITE_SHARE = 0.1

/** Voxels measured at once. */
export const STATISTICS_CHUNK_VOX = 4 * 1024 * 1024

/** What is known of the volume before it streams: everything that a normalisation needs. */
export interface InputMeasure {
  /** The non-zero box, or the whole. */
  box: VoxelBox
  channels: { statistics: ValueStatistics; quantiles: [share: number, value: number][] }[]
}

/** The network's input, measured and ready to stream. */
export interface PreparedInput {
  /** The part of the volume that the network sees. */
  region: VoxelBox
  /** Where the network's grid is not the region's own. */
  grid: ModelGrid | null
  warnings: VolumeWarning[]
  /** The planes from the first on; each call reads the volume again. */
  open(): Promise<PlaneStream>
}

export interface InputRequest {
  /** One per input channel, of one shape, axes in the order of the run. */
  sources: readonly VoxelSource[]
  /** Spacing in the order of the run. */
  manifest: ModelManifest
  /** Only this part is to be segmented; the statistics are those of the whole. */
  roi: VoxelBox | null
  cache: StatisticsCache
  signal: AbortSignal
}

/**
 * Crops, measures and normalises the channels of a volume, and puts them on the network's grid.
 * @throws {DomainError} `volume_not_finite`, `roi_out_of_range`, `canceled`, `format_*`
 */
export async function prepareInput(request: InputRequest): Promise<PreparedInput> {
  const { sources, manifest, roi, signal } = request
  const masks = new MaskOnce(manifest, signal)
  const measure = await request.cache.get('input', () => measureInput(request, masks))
  const { box } = measure
  const region = roi ? sharedBox(box, roi) : box
  if (region === null) throw emptyRegion()
  const mask = await masks.of(sources.map((source) => croppedSource(source, box)))
  const parts = sources.map((source) => croppedSource(source, region))
  const inBox = { shapeZyx: region.shapeZyx, startZyx: difference(region.startZyx, box.startZyx) }
  const grid = modelGrid(manifest, parts[0].header)
  const openChannel = (channel: number) => {
    const rule = manifest.normalization[channel]
    const { statistics, quantiles } = measure.channels[channel]
    const normalise = makeNormaliser(rule, statistics, quantileOf(quantiles))
    const maskOf: MaskOf = mask && isMasked(rule) ? (z, numPlanes) => mask.slab(inBox, z, numPlanes) : () => null
    return new SourcePlanes(parts[channel], normalise, maskOf)
  }
  const open = async () => {
    const channels: PlaneStream[] = []
    for (const channel of parts.keys())
      channels.push(
        grid ? await ResampledPlanes.create(() => openChannel(channel), grid, signal) : openChannel(channel),
      )
    return channels.length === 1 ? channels[0] : new JoinedPlanes(channels)
  }
  return { region, grid, warnings: measure.channels.flatMap(({ statistics }) => warningsOf(statistics)), open }
}

function difference(a: readonly number[], b: readonly number[]): [number, number, number] {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

function quantileOf(quantiles: [share: number, value: number][]): (share: number) => number {
  return (share) => {
    const found = quantiles.find(([known]) => known === share)
    if (!found) throw new Error(`the quantile ${share} was not measured`)
    return found[1]
  }
}

/** A model that crops sees nothing there, and a mask of background would look like an answer. */
function emptyRegion(): DomainError {
  const message = 'The region holds nothing but zeros, which the model leaves out.'
  return new DomainError('roi_out_of_range', { message, hint: 'Give a region that holds a part of the object.' })
}

/** The mask of the z-scores, made at most once, whether the statistics had to be measured or were known. */
class MaskOnce {
  private mask: FilledMask | null = null
  private readonly isNeeded: boolean
  private readonly signal: AbortSignal

  constructor(manifest: ModelManifest, signal: AbortSignal) {
    this.isNeeded = manifest.crop.nonzero && manifest.normalization.some(isMasked)
    this.signal = signal
  }

  /** @param cropped the channels in the non-zero box; null where no rule uses a mask */
  async of(cropped: readonly VoxelSource[]): Promise<FilledMask | null> {
    if (this.isNeeded) this.mask ??= await FilledMask.of(cropped, this.signal)
    return this.mask
  }
}

async function measureInput({ sources, manifest, signal }: InputRequest, masks: MaskOnce): Promise<InputMeasure> {
  const { shapeZyx } = sources[0].header
  const box = manifest.crop.nonzero ? await nonzeroBox(sources, signal) : { startZyx: [0, 0, 0] as const, shapeZyx }
  const cropped = sources.map((source) => croppedSource(source, box))
  const mask = await masks.of(cropped)
  const channels: InputMeasure['channels'] = []
  for (const [i, source] of cropped.entries()) {
    const rule = manifest.normalization[i]
    channels.push(await measureChannel(source, rule, isMasked(rule) ? mask : null, signal))
  }
  return { box, channels }
}

/** One pass for mean, deviation, range and what is not finite; one more where a rule needs exact quantiles. */
async function measureChannel(
  source: VoxelSource,
  rule: Normalization,
  mask: FilledMask | null,
  signal: AbortSignal,
): Promise<InputMeasure['channels'][number]> {
  const running = new RunningStatistics(isMasked(rule) && mask === null)
  const shares = sharesOf(rule)
  const finder = new QuantileFinder(shares)
  for await (const values of valuesOf(source, mask, signal)) {
    running.add(values)
    if (shares.length > 0) finder.addFirst(values)
  }
  const statistics = running.result()
  const share = statistics.nonfinite / numVoxels(source.header.shapeZyx)
  if (share > MOST_NONFINITE_SHARE) throw new DomainError('volume_not_finite', { share: (share * 100).toFixed(1) })
  if (shares.length > 0) {
    finder.beginSecond()
    for await (const values of valuesOf(source, null, signal)) finder.addSecond(values)
  }
  return { statistics, quantiles: shares.map((share) => [share, finder.quantile(share)]) }
}

/** All voxels in file units, those of the mask where there is one, in chunks of planes. */
async function* valuesOf(
  source: VoxelSource,
  mask: FilledMask | null,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  const { header } = source
  const [sizeZ, sizeY, sizeX] = header.shapeZyx
  const whole: VoxelBox = { startZyx: [0, 0, 0], shapeZyx: header.shapeZyx }
  const chunk = Math.max(1, Math.floor(STATISTICS_CHUNK_VOX / (sizeY * sizeX)))
  for (let z = 0; z < sizeZ; z += chunk) {
    const numPlanes = Math.min(chunk, sizeZ - z)
    const values = toFloat32(await source.readSlab(z, numPlanes, signal), header.dtype, header.scaling)
    yield mask ? chosen(values, mask.slab(whole, z, numPlanes)) : values
  }
}

/** The values where the mask is 1, put together at the front of the same array. */
function chosen(values: Float32Array, mask: Uint8Array): Float32Array {
  let length = 0
  for (let i = 0; i < values.length; i++) if (mask[i] === 1) values[length++] = values[i]
  return values.subarray(0, length)
}

function warningsOf({ nonfinite, std }: ValueStatistics): VolumeWarning[] {
  const warnings: VolumeWarning[] = []
  if (nonfinite > 0) {
    const message = `${nonfinite} voxels are NaN or infinite; they were taken as the mean of the others.`
    warnings.push({ code: 'voxels_not_finite', message })
  }
  if (std === 0)
    warnings.push({ code: 'volume_constant', message: 'All voxels have the same value; the mask means little.' })
  return warnings
}
