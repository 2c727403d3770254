import { createReadStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm, stat, statfs } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createGunzip } from 'node:zlib'
import { DomainError } from '../errors/domain-error.ts'
import { Bunzip2 } from './bunzip2.ts'
import { asReadProblem } from './file-source.ts'
import type { UnpackedCopies } from './unpacked-copies.ts'
import { writeFully } from './write-fully.ts'

export type Compression = 'gzip' | 'bzip2'

/** Bytes unpacked before the header is looked at: enough for every header of the formats read here. */
const HEAD_BYTES = 64 * 1024

/** Bytes of one file that are believed at most where no limit is given: larger than any tomogram. */
export const DEFAULT_EXPANSION_BYTES = 128 * 1024 ** 3

/** Bytes beyond what the header announces that are kept, so that "longer than its header" can be told. */
export const SLACK_BYTES = 64 * 1024

/**
 * Most bytes that one packed byte can stand for. Deflate: 258 bytes in two bits. bzip2: a block of 900,000 bytes with
 * every 5 standing for 259 packs to no less than 32.
 * @see https://zlib.net/zlib_tech.html, "Maximum Compression Factor"
 */
const MOST_EXPANSION: Readonly<Record<Compression, number>> = { gzip: 1032, bzip2: 1_500_000 }

export interface ExpandRequest {
  file: string
  name: string
  compression: Compression
  /** Compressed data begin at this byte. */
  startByte?: number
  tempDir?: string
  /** Keeps what is unpacked between openings; without it each opening unpacks anew. */
  copies?: UnpackedCopies
  /** How many bytes a header in another file asks for: a copy that was kept for another number is of no use. */
  neededBytes?: number
  maxExpandedBytes?: number
  /**
   * Looks at the first unpacked bytes and says how many bytes the whole must have. A bomb is found out here: nothing
   * more is written than the header can use. Throws what is wrong with the header.
   */
  expectedBytes: (head: Uint8Array) => number
  signal?: AbortSignal
}

/** An unpacked copy in a private folder. */
export interface ExpandedFile {
  path: string
  remove(): Promise<void>
}

/** Kind of compression of a file that begins with these bytes. */
export function compressionOf(head: Uint8Array): Compression | null {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head[0] === 0x42 && head[1] === 0x5a && head[2] === 0x68 && head[3] >= 0x31 && head[3] <= 0x39) return 'bzip2'
  return null
}

/** The first unpacked bytes of a stream, at most `length`. */
export async function expandHead(request: Omit<ExpandRequest, 'expectedBytes'>, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let found = 0
  for await (const chunk of unpacked(request)) {
    chunks.push(chunk)
    found += chunk.length
    if (found >= length) break
  }
  return Buffer.concat(chunks).subarray(0, length)
}

/**
 * Unpacks a file by streaming into a private temporary file, never more than its header asks for; or finds the copy that
 * an earlier opening kept.
 * @throws {DomainError} `format_corrupt_stream`, `format_expansion_limit`, `format_truncated`, `disk_full`,
 *   `file_unwritable`, `canceled`
 */
export async function expandToFile(request: ExpandRequest): Promise<ExpandedFile> {
  const unpack = (tempDir: string | undefined) =>
    makeTemporaryFile(request.name, tempDir, (handle, folder) => fill(request, handle, folder))
  const { file, compression, startByte = 0, neededBytes = null, copies } = request
  if (!copies) return unpack(request.tempDir)
  try {
    return await copies.open({ file, compression, startByte, neededBytes }, unpack)
  } catch (error) {
    throw asTemporaryProblem(error, request.name)
  }
}

/**
 * A file in a private folder of its own, filled by `write`; nothing is left when that fails.
 * @param name    of the file that is read, for messages
 * @param tempDir where the folder is made; default the system's
 * @throws {DomainError} `disk_full`, `file_unwritable`, `file_unreadable`
 */
export async function makeTemporaryFile(
  name: string,
  tempDir: string | undefined,
  write: (handle: FileHandle, folder: string) => Promise<void>,
): Promise<ExpandedFile> {
  const folder = await mkdtemp(path.join(tempDir ?? os.tmpdir(), 'cryomamba-unpacked-')).catch((cause) => {
    const reason = cause.code === 'ENOENT' ? 'it does not exist' : cause.code
    throw new DomainError('file_unwritable', { path: 'The temporary folder', reason, cause })
  })
  const remove = () => rm(folder, { recursive: true, force: true })
  const file = path.join(folder, 'volume')
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      await write(handle, folder)
    } finally {
      await handle.close()
    }
    return { path: file, remove }
  } catch (error) {
    await remove()
    throw asTemporaryProblem(error, name)
  }
}

/** Bytes in a private temporary file, as they come. @throws as `makeTemporaryFile` and what `parts` throws */
export function temporaryFileOf(
  name: string,
  tempDir: string | undefined,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<ExpandedFile> {
  return makeTemporaryFile(name, tempDir, async (handle) => {
    for await (const part of parts) await handle.writeFile(part)
  })
}

function asTemporaryProblem(error: unknown, name: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof DomainError || (code !== 'ENOSPC' && code !== 'EDQUOT')) return asReadProblem(error, name)
  return diskFull(`Unpacking ${name} filled the temporary folder.`, error)
}

function diskFull(message: string, cause?: unknown): DomainError {
  const hint = 'Free some space in the temporary folder, or unpack the file elsewhere and open the result.'
  return new DomainError('disk_full', { message, hint, cause })
}

async function fill(request: ExpandRequest, handle: FileHandle, folder: string): Promise<void> {
  let head: Uint8Array = new Uint8Array(0)
  let limit: number | null = null
  let written = 0
  const write = async (bytes: Uint8Array) => {
    const kept = limit === null ? bytes : bytes.subarray(0, Math.max(0, limit - written))
    await writeFully(handle, kept)
    written += kept.length
  }
  for await (const chunk of unpacked(request)) {
    if (request.signal?.aborted) throw new DomainError('canceled')
    if (limit !== null) await write(chunk)
    else {
      head = Buffer.concat([head, chunk])
      if (head.length < HEAD_BYTES) continue
      limit = await checkedLimit(request, head, folder)
      await write(head)
    }
    if (limit !== null && written >= limit) return
  }
  if (limit !== null) return
  limit = await checkedLimit(request, head, folder)
  await write(head)
}

async function checkedLimit(request: ExpandRequest, head: Uint8Array, folder: string): Promise<number> {
  const expected = request.expectedBytes(head)
  const limitBytes = request.maxExpandedBytes ?? DEFAULT_EXPANSION_BYTES
  if (expected > limitBytes) throw new DomainError('format_expansion_limit', { name: request.name, limitBytes })
  await checkRatio(request, expected)
  const disk = await statfs(folder)
  const freeBytes = disk.bavail * disk.bsize
  if (expected > freeBytes) throw diskFull(`Unpacking ${request.name} needs ${expected} bytes, ${freeBytes} are free.`)
  return expected + SLACK_BYTES
}

/** A header that asks for more than the packed bytes can ever hold is told before anything is written. */
async function checkRatio(request: ExpandRequest, expected: number): Promise<void> {
  const packedBytes = (await stat(request.file)).size - (request.startByte ?? 0)
  if (expected <= packedBytes * MOST_EXPANSION[request.compression]) return
  const message = `${request.name} holds ${packedBytes} packed bytes, too few for the ${expected} bytes that its header asks for.`
  throw new DomainError('format_truncated', { message })
}

/** Each chunk is a turn of the loop and a write: with the default of 16 KiB they cost more than unpacking. */
const UNPACKED_BYTES = 512 * 1024

/** Unpacked chunks of a compressed file. @throws {DomainError} `format_corrupt_stream` */
async function* unpacked(request: Omit<ExpandRequest, 'expectedBytes'>): AsyncGenerator<Uint8Array> {
  const packed = createReadStream(request.file, { start: request.startByte ?? 0, highWaterMark: 256 * 1024 })
  try {
    if (request.compression === 'bzip2') {
      const bunzip = new Bunzip2()
      for await (const chunk of packed) yield* bunzip.push(chunk as Uint8Array)
      yield* bunzip.end()
      return
    }
    const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES })
    packed.on('error', (error) => gunzip.destroy(error))
    packed.pipe(gunzip)
    try {
      for await (const chunk of gunzip) yield chunk as Uint8Array
    } finally {
      gunzip.destroy()
    }
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    // No room in memory says nothing about the file.
    if (code !== undefined && (!code.startsWith('Z_') || code === 'Z_MEM_ERROR')) throw cause
    throw new DomainError('format_corrupt_stream', { name: request.name, reason: message, cause })
  } finally {
    packed.destroy()
  }
}
