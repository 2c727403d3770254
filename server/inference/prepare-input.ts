import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning, VoxelSource } from '../../shared/volume/header.ts'
import type { ValueStatistics } from '../../shared/volume/running-statistics.ts'
import { croppedSource, sharedBox, type VoxelBox } from './cropped-source.ts'
import { FilledMask } from './filled-mask.ts'
import { type InputMeasure, measureInput, needsMask, normaliserOf } from './measure-input.ts'
import { type ModelGrid, modelGrid, sliceAxis } from './model-grid.ts'
import { isMasked } from './normalise.ts'
import { JoinedPlanes, type MaskOf, type PlaneStream, SourcePlanes } from './plane-stream.ts'
import { rangeBits, rangesOfBits } from './range-bits.ts'
import { ResampledPlanes } from './resampled-planes.ts'
import { dataRanges } from './resampling/resample-slabs.ts'
import type { StatisticsCache } from './statistics-cache.ts'

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
 *
 * The volume is read once for all measures (once more for exact percentiles) and once by each stream. What is measured is
 * kept in the cache; a mask is not, and costs a known volume the one pass. A region of its own has other ranges to clip
 * to than the whole: where they are unknown it is read once more.
 * @throws {DomainError} `volume_not_finite`, `roi_out_of_range`, `canceled`, `format_*`
 */
export async function prepareInput(request: InputRequest): Promise<PreparedInput> {
  const { sources, manifest, roi } = request
  const { measure, mask } = await measured(request)
  const { box } = measure
  const region = roi ? sharedBox(box, roi) : box
  if (region === null) throw emptyRegion()
  const parts = sources.map((source) => croppedSource(source, region))
  const inBox = { shapeZyx: region.shapeZyx, startZyx: difference(region.startZyx, box.startZyx) }
  const grid = modelGrid(manifest, parts[0].header)
  const openChannel = (channel: number) => {
    const rule = manifest.normalization[channel]
    const maskOf: MaskOf = mask && isMasked(rule) ? (z, numPlanes) => mask.slab(inBox, z, numPlanes) : () => null
    return new SourcePlanes(parts[channel], normaliserOf(rule, measure.channels[channel]), maskOf)
  }
  const onGrid: (() => PlaneStream)[] = []
  for (const channel of parts.keys()) {
    const whole = isSameBox(region, box) ? measure.channels[channel].ranges : null
    const ranges = grid && rangesOfBits(whole ?? (await regionRanges(request, region, grid, channel, openChannel)))
    const open = () => openChannel(channel)
    onGrid.push(grid && ranges ? () => new ResampledPlanes(open(), grid, ranges) : open)
  }
  const open = async () => {
    const channels = onGrid.map((openOne) => openOne())
    return channels.length === 1 ? channels[0] : new JoinedPlanes(channels)
  }
  return { region, grid, warnings: measure.channels.flatMap(({ statistics }) => warningsOf(statistics)), open }
}

/** The measures, from the cache or made, and the mask where one is needed. */
async function measured(request: InputRequest): Promise<{ measure: InputMeasure; mask: FilledMask | null }> {
  const { sources, manifest, cache, signal } = request
  const made: { mask: FilledMask | null } = { mask: null }
  const measure = await cache.get(`input${slicesName(request)}`, async () => {
    const { measure, mask } = await measureInput(request)
    made.mask = mask
    return measure
  })
  if (made.mask || !needsMask(manifest)) return { measure, mask: made.mask }
  const cropped = sources.map((source) => croppedSource(source, measure.box))
  return { measure, mask: await FilledMask.of(cropped, signal) }
}

/** Ranges of the normalised values of a part of the box: every plane of it is read where they are not in the cache. */
function regionRanges(
  request: InputRequest,
  { startZyx, shapeZyx }: VoxelBox,
  grid: ModelGrid,
  channel: number,
  open: (channel: number) => PlaneStream,
) {
  const place = [channel, ...startZyx, ...shapeZyx].join('.')
  return request.cache.get(`ranges${slicesName(request)}-${place}`, async () => {
    const stream = open(channel)
    return rangeBits(await dataRanges(() => stream.next(request.signal), shapeZyx, grid.shapeZyx, grid.data))
  })
}

/** Ranges across another axis are other values. */
function slicesName({ manifest, sources }: InputRequest): string {
  const axis = sliceAxis(manifest, sources[0].header)
  return axis === null ? '' : `-across-${axis}`
}

function isSameBox(a: VoxelBox, b: VoxelBox): boolean {
  return a.startZyx.join() === b.startZyx.join() && a.shapeZyx.join() === b.shapeZyx.join()
}

function difference(a: readonly number[], b: readonly number[]): [number, number, number] {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/** A model that crops sees nothing there, and a mask of background would look like an answer. */
function emptyRegion(): DomainError {
  const message = 'The region holds nothing but zeros, which the model leaves out.'
  return new DomainError('roi_out_of_range', { message, hint: 'Give a region that holds a part of the object.' })
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
