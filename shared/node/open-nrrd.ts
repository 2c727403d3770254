import path from 'node:path'
import { DomainError } from '../errors/domain-error.ts'
import { AsciiVoxels } from '../formats/nrrd/ascii-voxels.ts'
import { type NrrdData, type ParsedNrrd, parseNrrd } from '../formats/nrrd/parse-nrrd.ts'
import { type OpenedVolume, RawVoxelSource } from '../formats/raw-voxel-source.ts'
import type { ByteSource } from '../volume/header.ts'
import { type ExpandedFile, expandToFile, SLACK_BYTES, temporaryFileOf } from './expand.ts'
import { openFileSource } from './file-source.ts'
import type { UnpackedCopies } from './unpacked-copies.ts'

/** Headers are text of some kB; ones with many data files or notes may be longer. */
const MAX_HEADER_BYTES = 1024 * 1024

/** Bytes looked at once when lines are skipped or text is read. */
const READ_BYTES = 1024 * 1024

interface Options {
  tempDir?: string
  copies?: UnpackedCopies
  maxExpandedBytes?: number
  signal?: AbortSignal
  checkFile?: (file: string) => Promise<void>
}

/**
 * Opens an attached or detached NRRD. Raw data are read where they lie; packed, textual and many-file data become one
 * temporary raw file. Takes over `bytes`.
 * @throws {DomainError} `format_*`
 */
export async function openNrrd(file: string, bytes: ByteSource, options: Options): Promise<OpenedVolume> {
  const name = path.basename(file)
  const parsed = parseNrrd(name, await bytes.read(0, Math.min(MAX_HEADER_BYTES, bytes.sizeBytes)))
  const { dataFiles } = parsed.data
  if (dataFiles === null)
    return openData(parsed, file, bytes, parsed.data.headerBytes, parsed.data.expectedBytes, options)
  await bytes.close()
  const files = dataFiles.map((dataName) => insideFolder(name, path.dirname(file), dataName))
  for (const one of files) await options.checkFile?.(one)
  const opened =
    files.length === 1
      ? await openData(parsed, files[0], await openPart(name, files[0]), 0, parsed.data.expectedBytes, options)
      : await openParts(parsed, name, files, options)
  opened.moreFiles = files
  return opened
}

/** Path of a data file in the header's folder or below. @throws {DomainError} `format_detached_data_missing` */
function insideFolder(name: string, folder: string, dataName: string): string {
  const file = path.resolve(folder, dataName)
  const fromFolder = path.relative(path.resolve(folder), file)
  if (fromFolder !== '' && !path.isAbsolute(fromFolder) && !/^\.\.([/\\]|$)/.test(fromFolder)) return file
  throw new DomainError('format_detached_data_missing', { name, dataName })
}

async function openPart(name: string, file: string): Promise<ByteSource> {
  const dataName = path.basename(file)
  return openFileSource(file, dataName).catch((cause) => {
    throw new DomainError('format_detached_data_missing', { name, dataName, cause })
  })
}

/** One file of data that begin at `startByte`. Takes over `bytes`. */
async function openData(
  parsed: ParsedNrrd,
  file: string,
  bytes: ByteSource,
  startByte: number,
  expectedBytes: number,
  options: Options,
): Promise<OpenedVolume> {
  try {
    return await openEncoded(parsed, file, bytes, startByte, expectedBytes, options)
  } catch (error) {
    await bytes.close()
    throw error
  }
}

async function openEncoded(
  { volume, data }: ParsedNrrd,
  file: string,
  bytes: ByteSource,
  startByte: number,
  expectedBytes: number,
  options: Options,
): Promise<OpenedVolume> {
  const afterLines = await skipLines(bytes, startByte, data.lineSkip)
  if (data.encoding === 'raw') {
    const offsetBytes = rawOffset(bytes, afterLines, data.byteSkip, expectedBytes)
    if (bytes.sizeBytes > offsetBytes + expectedBytes) {
      const extra = bytes.sizeBytes - offsetBytes - expectedBytes
      volume.header.warnings.push({
        code: 'trailing_bytes',
        message: `The file is ${extra} bytes longer than its header says.`,
      })
    }
    return new RawVoxelSource({ ...volume, layout: { ...volume.layout, offsetBytes } }, bytes)
  }
  if (data.encoding === 'ascii') return openText(volume, bytes, afterLines, options)
  await bytes.close()
  const expanded = await expandData(file, bytes.name, data, afterLines, expectedBytes, options)
  const raw = await openFileSource(expanded.path, bytes.name)
  try {
    checkWhole(raw, data, expectedBytes)
    const offsetBytes = rawOffset(raw, 0, data.byteSkip, expectedBytes)
    return new RawVoxelSource({ ...volume, layout: { ...volume.layout, offsetBytes } }, raw, expanded.remove)
  } catch (error) {
    await raw.close()
    await expanded.remove()
    throw error
  }
}

function expandData(
  file: string,
  name: string,
  data: NrrdData,
  startByte: number,
  expectedBytes: number,
  options: Options,
): Promise<ExpandedFile> {
  const { tempDir, copies, maxExpandedBytes, signal } = options
  const compression = data.encoding === 'bzip2' ? 'bzip2' : 'gzip'
  const skipped = Math.max(0, data.byteSkip)
  return expandToFile({
    file,
    name,
    compression,
    startByte,
    tempDir,
    copies,
    maxExpandedBytes,
    neededBytes: skipped + expectedBytes,
    expectedBytes: () => skipped + expectedBytes,
    signal,
  })
}

/** "The last bytes" of a packed stream are only known where it was unpacked to its end. @throws `format_unsupported` */
function checkWhole(expanded: ByteSource, { byteSkip }: NrrdData, expectedBytes: number): void {
  if (byteSkip !== -1 || expanded.sizeBytes < expectedBytes + SLACK_BYTES) return
  const kind = `more than ${SLACK_BYTES} packed bytes before its voxels`
  throw new DomainError('format_unsupported', { name: expanded.name, kind })
}

/** First byte of the voxels among raw bytes. @throws {DomainError} `format_truncated` */
function rawOffset(bytes: ByteSource, startByte: number, byteSkip: number, expectedBytes: number): number {
  const offset = byteSkip === -1 ? bytes.sizeBytes - expectedBytes : startByte + byteSkip
  if (offset < startByte || bytes.sizeBytes < offset + expectedBytes) {
    const expected = Math.max(startByte, offset) + expectedBytes
    throw new DomainError('format_truncated', {
      name: bytes.name,
      foundBytes: bytes.sizeBytes,
      expectedBytes: expected,
    })
  }
  return offset
}

/** Byte after `numLines` line ends. @throws {DomainError} `format_truncated` */
async function skipLines(bytes: ByteSource, startByte: number, numLines: number): Promise<number> {
  let left = numLines
  for (let at = startByte; left > 0; ) {
    const length = Math.min(READ_BYTES, bytes.sizeBytes - at)
    if (length <= 0)
      throw new DomainError('format_truncated', {
        name: bytes.name,
        foundBytes: bytes.sizeBytes,
        expectedBytes: at + 1,
      })
    const chunk = await bytes.read(at, length)
    for (let i = 0; i < chunk.length; i++) if (chunk[i] === 10 && --left === 0) return at + i + 1
    at += length
  }
  return startByte
}

/** Numbers in text become a temporary raw file, so that they can be read like any other. */
async function openText(
  volume: ParsedNrrd['volume'],
  bytes: ByteSource,
  startByte: number,
  options: Options,
): Promise<OpenedVolume> {
  // A number takes a digit and a separator at least: more voxels than that cannot be there.
  const mostVoxels = Math.ceil((bytes.sizeBytes - startByte + 1) / 2)
  if (volume.layout.totalVoxels > mostVoxels) {
    const expectedBytes = startByte + 2 * volume.layout.totalVoxels - 1
    throw new DomainError('format_truncated', { name: bytes.name, foundBytes: bytes.sizeBytes, expectedBytes })
  }
  const voxels = new AsciiVoxels(bytes.name, volume.header.dtype, volume.layout.totalVoxels)
  for (let at = startByte; at < bytes.sizeBytes; at += READ_BYTES) {
    if (options.signal?.aborted) throw new DomainError('canceled')
    voxels.push(await bytes.read(at, Math.min(READ_BYTES, bytes.sizeBytes - at)))
  }
  const found = voxels.finish()
  const parts = [new Uint8Array(found.buffer, found.byteOffset, found.byteLength)]
  await bytes.close()
  const raw = await temporaryFileOf(bytes.name, options.tempDir, parts)
  return new RawVoxelSource(
    { ...volume, layout: { ...volume.layout, isLittleEndian: true } },
    await openFileSource(raw.path, bytes.name),
    raw.remove,
  )
}

/** Data in several files, each with the same share of the voxels: joined in order. */
async function openParts(parsed: ParsedNrrd, name: string, files: string[], options: Options): Promise<OpenedVolume> {
  const share = parsed.data.expectedBytes / files.length
  if (!Number.isInteger(share)) {
    throw new DomainError('format_header_invalid', {
      name,
      reason: `${files.length} data files cannot share ${parsed.data.expectedBytes} bytes`,
    })
  }
  if (parsed.data.encoding === 'ascii')
    throw new DomainError('format_unsupported', { name, kind: 'text in several data files' })
  const joined = await temporaryFileOf(name, options.tempDir, partsOf(parsed, name, files, share, options))
  const bytes = await openFileSource(joined.path, name)
  return new RawVoxelSource(parsed.volume, bytes, joined.remove)
}

async function* partsOf(
  parsed: ParsedNrrd,
  name: string,
  files: string[],
  share: number,
  options: Options,
): AsyncGenerator<Uint8Array> {
  const bytesPerFile = share
  for (const file of files) {
    const source = await openPart(name, file)
    let expanded: ExpandedFile | null = null
    let raw = source
    try {
      const afterLines = await skipLines(source, 0, parsed.data.lineSkip)
      const isRaw = parsed.data.encoding === 'raw'
      if (!isRaw) {
        expanded = await expandData(file, source.name, parsed.data, afterLines, bytesPerFile, options)
        raw = await openFileSource(expanded.path, source.name)
        checkWhole(raw, parsed.data, bytesPerFile)
      }
      const offset = rawOffset(raw, isRaw ? afterLines : 0, parsed.data.byteSkip, bytesPerFile)
      for (let done = 0; done < bytesPerFile; done += READ_BYTES)
        yield await raw.read(offset + done, Math.min(READ_BYTES, bytesPerFile - done))
    } finally {
      await source.close()
      await raw.close()
      await expanded?.remove()
    }
  }
}
