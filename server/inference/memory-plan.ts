import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { EffectiveParams, JobMemory } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { SPAN_BYTES } from '../../shared/formats/raw-voxel-source.ts'
import { MOST_OPEN } from '../../shared/mask/object-census.ts'
import { BYTES_PER_VOXEL } from '../../shared/volume/dtype.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { type AxisOrder, chooseAxisOrder, regionPlace, reordered, reorderedPlace } from './axis-order.ts'
import { writeCacheFile } from './cache-file.ts'
import { FilledMask } from './filled-mask.ts'
import { labelDtype } from './label-file.ts'
import { measureThreadBytes } from './measure-in-thread.ts'
import { needsMask } from './measure-input.ts'
import type { JobDescription } from './messages.ts'
import { manifestAlong, modelGrid } from './model-grid.ts'
import { type NetworkFacts, NO_FACTS } from './network-facts.ts'
import { READ_BYTES } from './plane-stream.ts'
import { writerBytes } from './plane-writer.ts'
import { LogitsBack, ResampledPlanes } from './resampled-planes.ts'
import { ScratchRing } from './scratch-ring.ts'
import { SharedRing } from './shared-ring.ts'
import { tilesPerGroup } from './tile-predictor.ts'
import { TILES_AHEAD } from './tiles-ahead.ts'
import { STATISTICS_CHUNK_VOX } from './value-chunks.ts'

/** Server and worker before any job, with what the engine of JavaScript keeps beside the data. */
const BASE_BYTES = 420 * 1024 * 1024

/** Values per voxel of a patch that a network holds at once where nothing is known of it: a guess, and called so. */
const GUESSED_VALUES_PER_VOXEL = 96

/**
 * What the engine holds for one value that a network must hold: room inside the steps, and what its arena does not use.
 * Six networks on the processor took 2.1 to 3.0.
 */
const HELD_PER_LIVE_VALUE = 3

/** An object that is still open at a plane. @see shared/mask/object-table.ts */
const OBJECT_BYTES = 90

export interface MemoryRequest {
  manifest: ModelManifest
  /** One per channel. */
  headers: readonly Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit' | 'dtype'>[]
  params: EffectiveParams
  /** Measured, or null. */
  networkBytes: number | null
  /** Of the network, where nothing was measured; nothing is known of it where this is absent. */
  network?: NetworkFacts
  limitBytes: number | null
  blendThreads?: number
}

/**
 * What a job holds in memory, from its shapes alone. Ring, slabs, tiles and planes are exact; the network's own share is
 * measured at the first run of a tile size, and before that a guess by the steps that its file names.
 */
export function planMemory({
  manifest,
  headers,
  params,
  networkBytes,
  network = NO_FACTS,
  limitBytes,
  blendThreads,
}: MemoryRequest): JobMemory {
  const region = regionPlace(headers[0], params.roi_zyx)
  const order = chooseAxisOrder(manifest, region, params.patch_zyx)
  const along = manifestAlong(manifest, order.ofModel)
  const placed = reorderedPlace(region, order.ofFile)
  const wholeShape = reordered(headers[0].shapeZyx, order.ofFile)
  const grid = modelGrid(along, placed)
  const patch = reordered(params.patch_zyx, order.ofModel)
  const shape = grid?.shapeZyx ?? placed.shapeZyx
  const padded = shape.map((size, axis) => Math.max(size, patch[axis])) as unknown as Zyx
  const channels = { input: manifest.input.channels, output: manifest.output.channels }
  const resampling = grid
    ? channels.input * ResampledPlanes.bytesFor(placed.shapeZyx, grid) +
      LogitsBack.bytesFor(grid, placed.shapeZyx, channels.output)
    : 0
  const ring = ScratchRing.bytesFor(channels.output, patch, [padded[1], padded[2]])
  const parts = {
    ring_bytes: params.spill ? ring.memory : ring.disk,
    input_bytes: inputBytes(manifest, headers, { wholeShape, regionShape: placed.shapeZyx, shape, patch }),
    resampling_bytes: Math.ceil(resampling),
    tiles_bytes:
      tilesBytes(params, channels) +
      (params.spill ? 0 : SharedRing.extraBytes(blendThreads ?? 0, channels.output, patch)),
    output_bytes: outputBytes(manifest, wholeShape, placed.shapeZyx, order, params),
    network_bytes: networkBytes ?? guessedNetworkBytes(manifest, params, network),
    base_bytes: BASE_BYTES,
  }
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)
  return {
    ...parts,
    total_bytes: total,
    ...(params.spill ? { scratch_bytes: ring.disk } : {}),
    network_is_estimate: networkBytes === null,
    ...(networkBytes === null ? { network_least_bytes: leastNetworkBytes(manifest, params, network) } : {}),
    stream_axis: (['z', 'y', 'x'] as const)[order.ofFile[0]],
    limit_bytes: limitBytes,
  }
}

/** What a job holds beside its network and the program itself. @param headers one per channel */
export function heldBytes(
  { model: { manifest }, params, blendThreads }: Pick<JobDescription, 'model' | 'params' | 'blendThreads'>,
  headers: MemoryRequest['headers'],
): number {
  const plan = planMemory({ manifest, headers, params, networkBytes: 0, limitBytes: null, blendThreads })
  return plan.total_bytes - plan.base_bytes
}

/** Shapes in the order of the run. */
interface InputShapes {
  /** Of the volume, of its part that is segmented, and of that part on the network's grid. */
  wholeShape: Zyx
  regionShape: Zyx
  shape: Zyx
  patch: Zyx
}

function inputBytes(
  manifest: ModelManifest,
  headers: MemoryRequest['headers'],
  { wholeShape, regionShape, shape, patch }: InputShapes,
): number {
  const planeBytes = 4 * shape[1] * shape[2] * headers.length
  const slab = Math.min(patch[0], shape[0]) * planeBytes
  const regionPlane = regionShape[1] * regionShape[2]
  const wholePlane = wholeShape[1] * wholeShape[2]
  // As stored, as float32 and, where axes are exchanged, once more; around a region, what lies between its rows.
  const reading = headers.map(({ dtype }) => {
    const planes = Math.min(regionShape[0], Math.max(1, Math.floor(READ_BYTES / (4 * regionPlane))))
    const between = regionPlane < wholePlane ? Math.min(SPAN_BYTES, wholePlane * BYTES_PER_VOXEL[dtype]) : 0
    return planes * regionPlane * (4 + 2 * BYTES_PER_VOXEL[dtype]) + between
  })
  // Statistics are those of the whole volume; where it is cropped the channels are measured together.
  const { nonzero } = manifest.crop
  const chunkVox = Math.floor(STATISTICS_CHUNK_VOX / (nonzero ? headers.length : 1))
  const measuredVox = Math.max(wholePlane, Math.min(numVoxels(wholeShape), chunkVox))
  const chunks = headers.map(({ dtype }) => measuredVox * (4 + 2 * BYTES_PER_VOXEL[dtype]))
  const measuring = nonzero ? chunks.reduce((sum, bytes) => sum + bytes, measuredVox) : Math.max(...chunks)
  const mask = needsMask(manifest) ? FilledMask.bytesFor(wholeShape) : 0
  const joined = headers.length > 1 ? planeBytes : 0
  return Math.ceil(Math.max(measuring, slab + joined + reading.reduce((sum, bytes) => sum + bytes, 0)) + mask)
}

function tilesBytes(
  { patch_zyx, mirror_axes, batch = 1 }: EffectiveParams,
  channels: { input: number; output: number },
): number {
  const patchBytes = 4 * numVoxels(patch_zyx)
  const copies = 2 ** mirror_axes.length
  const group = tilesPerGroup(batch, copies)
  const numGroups = Math.ceil(TILES_AHEAD / group) + 1
  // Of each group two runs are asked for at a time; mirrored copies are made for them and copied once more.
  const asked = numGroups * Math.min(2, (group * copies) / batch) * batch
  const inputs = numGroups * group + (copies > 1 ? 2 : 1) * asked
  // Sums of the groups, and what the runs in hand gave.
  const outputs = numGroups * group + (copies > 1 ? 2 : 1) * batch
  // One more for the importance map.
  return patchBytes * (1 + channels.input * inputs + channels.output * outputs)
}

/** @param shape of the whole volume: a mask is as large as that, whatever part of it is segmented */
function outputBytes(
  manifest: ModelManifest,
  shape: Zyx,
  regionShape: Zyx,
  order: AxisOrder,
  params: EffectiveParams,
): number {
  const dtype = labelDtype(manifest.labels.map(({ value }) => value))
  const labelBytes = BYTES_PER_VOXEL[dtype]
  const planeVox = shape[1] * shape[2]
  const keeps = params.probability !== false
  const perVoxel = keeps ? [labelBytes, 1, labelBytes] : [labelBytes]
  const decodedVox = planeVox + regionShape[1] * regionShape[2]
  const planes = perVoxel.reduce((sum, bytes) => sum + decodedVox * bytes + writerBytes(shape, order.ofFile, bytes), 0)
  const factor = params.preview_factor
  const preview = factor === null ? 0 : labelBytes * (factor * planeVox + 3 * Math.ceil(numVoxels(shape) / factor ** 3))
  // Written masks are read back in chunks and compared; objects are found in the runs of two planes.
  const objects = OBJECT_BYTES * Math.min(MOST_OPEN, planeVox / 2)
  const writing = 6 * 8 * 1024 * 1024 + 2 * planeVox * 4 + objects
  return Math.ceil(planes + preview * (params.draft ? 2 : 1) + writing + measureThreadBytes(planeVox, dtype))
}

function guessedNetworkBytes(manifest: ModelManifest, params: EffectiveParams, { liveValues }: NetworkFacts): number {
  // Elsewhere the activations lie in the device's memory; what remains here are the provider's libraries.
  if (params.provider !== 'cpu') return 2 * manifest.onnx.bytes + 1024 ** 3
  const perVoxel = liveValues === null ? GUESSED_VALUES_PER_VOXEL : HELD_PER_LIVE_VALUE * liveValues
  return 2 * manifest.onnx.bytes + bytesOfTiles(4 * perVoxel, params)
}

/** Weights, and on a processor the outputs of steps that others still take: less than this no run can hold. */
function leastNetworkBytes(manifest: ModelManifest, params: EffectiveParams, network: NetworkFacts): number {
  const bytesPerVoxel = params.provider === 'cpu' ? network.bytesPerValue * (network.liveValues ?? 0) : 0
  return manifest.onnx.bytes + bytesOfTiles(bytesPerVoxel, params)
}

function bytesOfTiles(bytesPerVoxel: number, { patch_zyx, batch = 1 }: EffectiveParams): number {
  return Math.ceil(bytesPerVoxel * numVoxels(patch_zyx) * batch)
}

function networkFile(folder: string, manifest: ModelManifest, params: EffectiveParams): string {
  const { patch_zyx, provider, threads, batch = 1 } = params
  const facts = [manifest.onnx.sha256, patch_zyx, provider, threads, ...(batch === 1 ? [] : [batch])]
  return path.join(folder, `network-${createHash('sha256').update(JSON.stringify(facts)).digest('hex')}.json`)
}

/** Bytes that a network was seen to need for this tile on this provider; null where it never ran. */
export async function knownNetworkBytes(
  folder: string,
  manifest: ModelManifest,
  params: EffectiveParams,
): Promise<number | null> {
  const text = await readFile(networkFile(folder, manifest, params), 'utf8').catch(() => null)
  const bytes = text === null ? Number.NaN : Number(text)
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null
}

/** Remembers what a network needed. A folder that cannot be written costs the memory of it, not the job. */
export async function rememberNetworkBytes(
  folder: string,
  manifest: ModelManifest,
  params: EffectiveParams,
  bytes: number,
): Promise<void> {
  await writeCacheFile(networkFile(folder, manifest, params), String(Math.ceil(bytes)))
}
