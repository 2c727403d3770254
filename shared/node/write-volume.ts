import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { createGzip, type Gzip } from 'node:zlib'
import { DomainError } from '../errors/domain-error.ts'
import { encodeMrc, mrcStorage, mrcStoredAxes } from '../formats/mrc/encode-mrc.ts'
import { encodeNifti } from '../formats/nifti/encode-nifti.ts'
import { encodeNrrd } from '../formats/nrrd/encode-nrrd.ts'
import type { WrittenStatistics } from '../formats/parsed-volume.ts'
import { newVoxels } from '../formats/raw-voxel-source.ts'
import { boxesInOrder } from '../volume/boxes-in-order.ts'
import type { DType, VoxelArray } from '../volume/dtype.ts'
import type { BoxReader, OutputVolume, VolumeWarning } from '../volume/header.ts'
import { RunningStatistics } from '../volume/running-statistics.ts'
import { numVoxels, type Zyx } from '../volume/zyx.ts'
import { valuesOf } from './volume-summary.ts'
import { writeFully } from './write-fully.ts'

/** Voxels handled at once. */
const CHUNK_VOXELS = 4 * 1024 * 1024

/** Voxels handled at once where one array is filled again and again: small enough for a processor's cache. */
const REFILLED_VOXELS = 1024 * 1024

/** Packed bytes that come at once: each time is a turn of the loop and a write. */
const PACKED_BYTES = 128 * 1024

/** Formats that are written, by the ending of the file's name. */
export type WritableFormat = 'mrc' | 'nifti' | 'nifti_gzip' | 'nrrd'

/** @throws {DomainError} `format_unknown` for an ending that is not written */
export function writableFormat(file: string): WritableFormat {
  if (/\.(mrc|mrcs|rec|map|ccp4|st)$/i.test(file)) return 'mrc'
  if (/\.nii\.gz$/i.test(file)) return 'nifti_gzip'
  if (/\.nii$/i.test(file)) return 'nifti'
  if (/\.nrrd$/i.test(file)) return 'nrrd'
  const message = `${path.basename(file)} has no ending of a format that is written.`
  throw new DomainError('format_unknown', { message, hint: 'Use .mrc, .nii, .nii.gz or .nrrd.' })
}

/**
 * Writes a volume to `file` by way of `file.partial`: header, voxels, sync, rename. Holds one chunk of planes.
 * @returns what the format cannot express of the source's geometry
 * @throws {DomainError} `dtype_not_supported_by_format`, `file_unwritable`, `format_unknown`
 */
export async function writeVolume(file: string, volume: OutputVolume, voxels: BoxReader): Promise<VolumeWarning[]> {
  const format = writableFormat(file)
  const partial = `${file}.partial`
  let handle: FileHandle | null = null
  try {
    // Refused types are found out before a file is made.
    const write = format === 'mrc' ? await mrcWriter(volume, voxels) : plainWriter(format, volume, voxels)
    // What an earlier program left is replaced, never written through: it may be a link to something else.
    await rm(partial, { force: true })
    handle = await open(partial, 'wx')
    const warnings = await write(handle)
    await handle.sync()
    await handle.close()
    handle = null
    await rename(partial, file)
    return warnings
  } catch (error) {
    await handle?.close().catch(() => undefined)
    await rm(partial, { force: true }).catch(() => undefined)
    throw asWriteProblem(error, file)
  }
}

type Writer = (handle: FileHandle) => Promise<VolumeWarning[]>

/** NIfTI and NRRD: a header, then the voxels in x, y, z order. */
function plainWriter(format: Exclude<WritableFormat, 'mrc'>, volume: OutputVolume, voxels: BoxReader): Writer {
  const { bytes, warnings } = format === 'nrrd' ? encodeNrrd(volume) : encodeNifti(volume)
  return async (handle) => {
    // NRRD's header is plain text before packed voxels; NIfTI is packed as a whole.
    if (format === 'nrrd') await writeFully(handle, bytes)
    const sink = format === 'nifti' ? plainSink(handle) : gzipSink(handle)
    if (format !== 'nrrd') await sink.write(bytes)
    for await (const chunk of inStoredOrder(volume, voxels, [0, 1, 2])) await sink.write(bytesOf(chunk))
    await sink.end()
    return warnings
  }
}

/** MRC: voxels in the source's own axis order; the header comes last, because it holds their statistics. */
async function mrcWriter(volume: OutputVolume, voxels: BoxReader): Promise<Writer> {
  const axes = mrcStoredAxes(volume)
  const maxValue = volume.dtype === 'uint8' ? await largest(volume, voxels) : 0
  const { mode, storedDtype } = mrcStorage(volume.dtype, maxValue)
  if (volume.scaling) {
    const message = 'MRC cannot hold a slope and an intercept.'
    throw new DomainError('dtype_not_supported_by_format', {
      format: 'MRC',
      dtype: 'scaled values',
      message,
      hint: 'Write the scaled values with --dtype float32.',
    })
  }
  return async (handle) => {
    const statistics = new RunningStatistics()
    const known = voxels.counts && statisticsOf(voxels.counts)
    const draft = encodeMrc(volume, mode, known ?? writtenStatistics(statistics))
    const asStored = volume.dtype === 'uint8' && storedDtype === 'uint16' ? wider() : (chunk: VoxelArray) => chunk
    await writeFully(handle, draft.bytes)
    for await (const chunk of inStoredOrder(volume, voxels, axes)) {
      if (!known) statistics.add(valuesOf(chunk, Number))
      await writeFully(handle, bytesOf(asStored(chunk)))
    }
    const { bytes, warnings } = encodeMrc(volume, mode, known ?? writtenStatistics(statistics))
    await writeFully(handle, bytes, 0)
    return warnings
  }
}

/** Makes unsigned bytes uint16. What it gives is valid until the next call. */
function wider(): (chunk: VoxelArray) => Uint16Array {
  let wide = new Uint16Array(0)
  return (chunk) => {
    if (wide.length < chunk.length) wide = new Uint16Array(chunk.length)
    wide.set(chunk as Uint8Array)
    return wide.subarray(0, chunk.length)
  }
}

/** Exact statistics of values that were counted. */
function statisticsOf(counts: ReadonlyMap<number, number>): WrittenStatistics {
  let [total, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const [value, count] of counts) {
    total += count
    sum += value * count
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  const mean = total > 0 ? sum / total : 0
  let squares = 0
  for (const [value, count] of counts) squares += count * (value - mean) ** 2
  return total > 0 ? { min, max, mean, std: Math.sqrt(squares / total) } : { min: 0, max: 0, mean: 0, std: 0 }
}

async function largest(volume: OutputVolume, voxels: BoxReader): Promise<number> {
  let max = 0
  if (voxels.counts) {
    for (const value of voxels.counts.keys()) max = Math.max(max, value)
    return max
  }
  for await (const chunk of inStoredOrder(volume, voxels, [0, 1, 2]))
    for (const value of chunk as Uint8Array) if (value > max) max = value
  return max
}

/** The voxels of a volume, chunk by chunk, with the stored axes fastest first. Each chunk is valid until the next. */
async function* inStoredOrder(
  volume: OutputVolume,
  voxels: BoxReader,
  axes: readonly number[],
): AsyncGenerator<VoxelArray> {
  if (voxels.readBoxInto && axes.join() === '0,1,2') return yield* refilled(volume, voxels)
  const [sizeA, sizeB, sizeC] = axes.map((axis) => volume.shapeZyx[2 - axis])
  for (const stored of boxesInOrder([sizeC, sizeB, sizeA], CHUNK_VOXELS)) {
    const start = inZyx(stored.startZyx, axes)
    const shape = inZyx(stored.shapeZyx, axes)
    const box = await voxels.readBox(start, shape)
    if (box.length !== numVoxels(shape)) throw new Error(`a box of ${shape.join(' × ')} voxels came with ${box.length}`)
    yield axes.join() === '0,1,2' ? box : reordered(box, shape, axes, volume.dtype)
  }
}

/** The voxels of a volume as they lie, in one array that is filled again and again. */
async function* refilled(volume: OutputVolume, voxels: BoxReader): AsyncGenerator<VoxelArray> {
  const array = newVoxels(volume.dtype, Math.min(numVoxels(volume.shapeZyx), REFILLED_VOXELS))
  for (const { startZyx, shapeZyx } of boxesInOrder(volume.shapeZyx, REFILLED_VOXELS)) {
    const chunk = array.subarray(0, numVoxels(shapeZyx))
    await voxels.readBoxInto?.(startZyx, shapeZyx, chunk)
    yield chunk
  }
}

/** A triple of stored axes, slowest first, in z, y, x order. */
function inZyx([c, b, a]: Zyx, axes: readonly number[]): Zyx {
  const zyx: [number, number, number] = [0, 0, 0]
  for (const [stored, value] of [a, b, c].entries()) zyx[2 - axes[stored]] = value
  return zyx
}

/** Voxels of a box in z, y, x order put into stored order. */
function reordered(box: VoxelArray, shapeZyx: Zyx, axes: readonly number[], dtype: DType): VoxelArray {
  const strides = [1, shapeZyx[2], shapeZyx[1] * shapeZyx[2]]
  const [sizeA, sizeB, sizeC] = axes.map((axis) => shapeZyx[2 - axis])
  const [strideA, strideB, strideC] = axes.map((axis) => strides[axis])
  const out = newVoxels(dtype, numVoxels(shapeZyx))
  for (let c = 0, to = 0; c < sizeC; c++)
    for (let b = 0; b < sizeB; b++)
      for (let a = 0; a < sizeA; a++) out[to++] = box[c * strideC + b * strideB + a * strideA]
  return out
}

/** MRC2014: a maximum below the minimum means that the statistics are not determined. */
function writtenStatistics(statistics: RunningStatistics): WrittenStatistics {
  const { count, min, max, mean, std } = statistics.result()
  return count === 0 ? { min: 0, max: -1, mean: -2, std: -1 } : { min, max, mean, std }
}

interface Sink {
  /** Resolves when the bytes are not needed any more. */
  write(bytes: Uint8Array): Promise<void>
  end(): Promise<void>
}

function plainSink(handle: FileHandle): Sink {
  return { write: (bytes) => writeFully(handle, bytes), end: async () => undefined }
}

/** Packs what is written; level 4 costs half the time of 6 and masks pack as well. */
function gzipSink(handle: FileHandle): Sink {
  const gzip: Gzip = createGzip({ level: 4, chunkSize: PACKED_BYTES })
  const drained = (async () => {
    for await (const chunk of gzip) await writeFully(handle, chunk as Uint8Array)
  })()
  drained.catch(() => gzip.destroy())
  return {
    write: (bytes) => {
      const packed = new Promise<void>((resolve, reject) => {
        gzip.write(bytes, (error) => (error ? reject(error) : resolve()))
      })
      // Packing ends early where the disk takes no more, and the disk says why.
      return Promise.race([drained, packed]).catch(() => drained)
    },
    end: async () => {
      gzip.end()
      await drained
    },
  }
}

function bytesOf(voxels: VoxelArray): Uint8Array {
  return new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
}

/** What the user is told of an error of writing: `file_unwritable` with the reason, or the error as it is. */
export function asWriteProblem(error: unknown, file: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  const isOfFiles = syscall !== undefined || code === 'ERR_FS_EISDIR'
  if (error instanceof DomainError || code === undefined || !isOfFiles) return error
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'your share of the disk is full',
    EACCES: 'you may not write there',
    EPERM: 'you may not write there',
    ENOENT: 'its folder does not exist',
    EISDIR: 'it is a folder',
    ERR_FS_EISDIR: 'a folder has the name of the file that it is written by way of',
    EROFS: 'the disk is read-only',
  }
  return new DomainError('file_unwritable', { path: path.basename(file), reason: reasons[code] ?? code, cause: error })
}
