import path from 'node:path'
import { DomainError } from '../errors/domain-error.ts'
import { isNifti, isNiftiPair, parseNifti } from '../formats/nifti/parse-nifti.ts'
import { isNrrd } from '../formats/nrrd/parse-nrrd.ts'
import { announcedBytes, HEAD_BYTES, parseHead } from '../formats/open-volume.ts'
import type { ParsedVolume } from '../formats/parsed-volume.ts'
import { type OpenedVolume, RawVoxelSource } from '../formats/raw-voxel-source.ts'
import type { BoxReader, ByteSource, OutputVolume, VolumeWarning } from '../volume/header.ts'
import { compressionOf, expandHead, expandToFile } from './expand.ts'
import { openFileSource } from './file-source.ts'
import { openNrrd } from './open-nrrd.ts'
import { isWorthReordering, ReorderedVolume } from './reordered-volume.ts'
import type { UnpackedCopies } from './unpacked-copies.ts'
import { writeVolume } from './write-volume.ts'

export interface OpenVolumeOptions {
  /** Reading of MRC mode 0; default is the rule of DESIGN §5. */
  mode0?: 'signed' | 'unsigned'
  /** Where compressed files are unpacked; default the system's temporary folder. */
  tempDir?: string
  /** Keeps unpacked copies of compressed files between openings. */
  copies?: UnpackedCopies
  /** Most bytes that a compressed file may expand to. */
  maxExpandedBytes?: number
  signal?: AbortSignal
  /** Asked before a file beside the named one is opened, such as detached data; a throw refuses it. */
  checkFile?: (file: string) => Promise<void>
}

/**
 * Opens a volume file of any readable format for random access. The caller closes it.
 * The kind is found by content, not by ending. Compressed files are unpacked to a temporary file, which goes when the
 * source is closed, or to a copy that is kept.
 * @throws {DomainError} `file_not_found`, `file_unreadable`, `format_*`
 */
export async function openVolumeFile(file: string, options: OpenVolumeOptions = {}): Promise<OpenedVolume> {
  const name = path.basename(file)
  const bytes = await openFileSource(file, name)
  try {
    const head = await bytes.read(0, Math.min(HEAD_BYTES, bytes.sizeBytes))
    const compression = compressionOf(head)
    if (compression) {
      await bytes.close()
      return await openCompressed(file, name, options)
    }
    const header = /\.img$/i.test(name) ? await headerOfImage(file, options) : null
    if (header) {
      await bytes.close()
      return header
    }
    if (isNrrd(head)) return await openNrrd(file, bytes, options)
    if (isNifti(head) && isNiftiPair(head)) {
      await bytes.close()
      return await openNiftiPair(file, name, head, options)
    }
    return inOrder(parseHead(name, head, bytes.sizeBytes, options), bytes, options)
  } catch (error) {
    await bytes.close().catch(() => undefined)
    throw error
  }
}

/** Random access to voxels as they lie, or by way of a file in z, y, x order where that is a lot faster. */
function inOrder(
  parsed: ParsedVolume,
  bytes: ByteSource,
  options: OpenVolumeOptions,
  remove?: () => Promise<void>,
): OpenedVolume {
  const volume = new RawVoxelSource(parsed, bytes, remove)
  return isWorthReordering(parsed) ? new ReorderedVolume(volume, parsed, bytes.name, options.tempDir) : volume
}

async function openCompressed(file: string, name: string, options: OpenVolumeOptions): Promise<OpenedVolume> {
  const source = await openFileSource(file, name)
  const compression = compressionOf(await source.read(0, Math.min(4, source.sizeBytes)))
  await source.close()
  if (!compression) throw new DomainError('file_unreadable', { path: name, reason: 'it changed while it was opened' })
  const head = await expandHead({ file, name, compression, signal: options.signal }, HEAD_BYTES)
  if (isNifti(head) && isNiftiPair(head)) return openNiftiPair(file, name, head, options)
  if (/\.img\.(gz|bz2)$/i.test(name)) {
    const opened = await headerOfImage(file, options)
    if (opened) return opened
  }
  const expanded = await expandToFile({
    file,
    name,
    compression,
    tempDir: options.tempDir,
    copies: options.copies,
    maxExpandedBytes: options.maxExpandedBytes,
    expectedBytes: (unpackedHead) => announcedBytes(parseHead(name, unpackedHead, null, options)),
    signal: options.signal,
  })
  const bytes = await openFileSource(expanded.path, name)
  try {
    return inOrder(parseHead(name, head, bytes.sizeBytes, options), bytes, options, expanded.remove)
  } catch (error) {
    await bytes.close()
    await expanded.remove()
    throw error
  }
}

/** A `.hdr` or `.hdr.gz` with its `.img` beside it. */
async function openNiftiPair(
  file: string,
  name: string,
  head: Uint8Array,
  options: OpenVolumeOptions,
): Promise<OpenedVolume> {
  const { bytes, dataFile, remove } = await openImageOf(file, name, head, options)
  const dataName = path.basename(dataFile)
  try {
    const opened: OpenedVolume = new RawVoxelSource(parseNifti(name, head, bytes.sizeBytes), bytes, remove)
    opened.moreFiles = [dataFile]
    return opened
  } catch (error) {
    await bytes.close()
    await remove()
    if (error instanceof DomainError && error.code === 'format_truncated') {
      throw new DomainError('format_truncated', { ...error.details, message: undefined, name: dataName })
    }
    throw error
  }
}

async function openImageOf(file: string, name: string, head: Uint8Array, options: OpenVolumeOptions) {
  const stem = file.replace(/\.hdr(\.gz|\.bz2)?$/i, '')
  const isUpper = /\.HDR/.test(name)
  for (const ending of isUpper ? ['.IMG', '.IMG.gz', '.img'] : ['.img', '.img.gz', '.img.bz2', '.IMG']) {
    const dataFile = stem + ending
    if (dataFile === file) continue
    await options.checkFile?.(dataFile)
    const found = await openFileSource(dataFile).catch((error) => {
      if (error instanceof DomainError && error.code === 'file_not_found') return null
      throw error
    })
    if (!found) continue
    const compression = compressionOf(await found.read(0, Math.min(4, found.sizeBytes)))
    if (!compression || ending.toLowerCase() === '.img')
      return { bytes: found, dataFile, remove: async () => undefined }
    await found.close()
    return expandedImage(dataFile, compression, announcedBytes(parseNifti(name, head, null)), options)
  }
  throw new DomainError('format_detached_data_missing', { name, dataName: `${path.basename(stem)}.img` })
}

async function expandedImage(
  dataFile: string,
  compression: 'gzip' | 'bzip2',
  expected: number,
  options: OpenVolumeOptions,
) {
  const dataName = path.basename(dataFile)
  const request = {
    file: dataFile,
    name: dataName,
    compression,
    tempDir: options.tempDir,
    copies: options.copies,
    maxExpandedBytes: options.maxExpandedBytes,
  }
  const expanded = await expandToFile({
    ...request,
    neededBytes: expected,
    expectedBytes: () => expected,
    signal: options.signal,
  })
  const bytes: ByteSource = await openFileSource(expanded.path, dataName)
  return { bytes, dataFile, remove: expanded.remove }
}

/** An `.img` is opened through the header beside it; null when there is none. */
async function headerOfImage(file: string, options: OpenVolumeOptions): Promise<OpenedVolume | null> {
  const stem = file.replace(/\.img(\.gz|\.bz2)?$/i, '')
  for (const ending of ['.hdr', '.hdr.gz', '.HDR']) {
    await options.checkFile?.(stem + ending)
    const found = await openFileSource(stem + ending).catch(() => null)
    if (!found) continue
    await found.close()
    const opened = await openVolumeFile(stem + ending, options)
    opened.moreFiles = [stem + ending, ...(opened.moreFiles ?? [])].filter((one) => one !== file)
    return opened
  }
  return null
}

/**
 * Writes a volume to `file`; the ending chooses the format. Goes to `file.partial`, synced, then renamed.
 * @returns warnings that list what the target format cannot express of the source's geometry
 * @throws {DomainError} `dtype_not_supported_by_format`, `file_unwritable`, `format_unknown`
 */
export function writeVolumeFile(file: string, volume: OutputVolume, voxels: BoxReader): Promise<VolumeWarning[]> {
  return writeVolume(file, volume, voxels)
}
