import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DomainError } from '../errors/domain-error.ts'
import { isNrrd, parseNrrd } from '../formats/nrrd/parse-nrrd.ts'
import { HEAD_BYTES, parseHead } from '../formats/open-volume.ts'
import type { ParsedVolume } from '../formats/parsed-volume.ts'
import { compressionOf } from './expand.ts'
import type { HashedSource } from './hashed-source.ts'

/** Small beside what a run holds, large enough that turns of the loop cost little. */
const PACKED_BYTES = 256 * 1024
const UNPACKED_BYTES = 256 * 1024

/** A volume that is read once from its first voxel to its last, without a copy of what is packed. */
export interface StoredVoxels extends ParsedVolume {
  /** All bytes from the first voxel to the end. Each part is valid until the next. @throws {DomainError} `format_corrupt_stream` */
  parts(): AsyncGenerator<Uint8Array>
}

/**
 * Finds the voxels in a file that `writeVolumeFile` wrote.
 * @param bytes stays the caller's
 * @throws {DomainError} `format_*`
 */
export async function storedVoxels(bytes: HashedSource): Promise<StoredVoxels> {
  const { name, sizeBytes } = bytes
  const head = await bytes.read(0, Math.min(HEAD_BYTES, sizeBytes))
  if (isNrrd(head)) return nrrdVoxels(bytes, head)
  if (!compressionOf(head)) {
    const parsed = parseHead(name, head, sizeBytes)
    return { ...parsed, parts: () => bytes.parts(parsed.layout.offsetBytes) }
  }
  const parsed = parseHead(name, await firstOf(gunzipped(bytes, 0)), null)
  return { ...parsed, parts: () => after(gunzipped(bytes, 0), parsed.layout.offsetBytes) }
}

/** Text, then packed voxels. */
function nrrdVoxels(bytes: HashedSource, head: Uint8Array): StoredVoxels {
  const { volume, data } = parseNrrd(bytes.name, head)
  if (data.encoding !== 'gzip' || data.dataFiles !== null || data.lineSkip !== 0 || data.byteSkip !== 0)
    throw new DomainError('format_unsupported', { name: bytes.name, kind: 'an NRRD that CryoMamba did not write' })
  return { ...volume, parts: () => gunzipped(bytes, data.headerBytes) }
}

async function* gunzipped(bytes: HashedSource, offset: number): AsyncGenerator<Uint8Array> {
  const packed = Readable.from(packedParts(bytes, offset), { highWaterMark: 1 })
  const gunzip = createGunzip({ chunkSize: UNPACKED_BYTES })
  packed.on('error', (error) => gunzip.destroy(error))
  packed.pipe(gunzip)
  try {
    for await (const part of gunzip) yield part as Uint8Array
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (!code?.startsWith('Z_') || code === 'Z_MEM_ERROR') throw cause
    throw new DomainError('format_corrupt_stream', { name: bytes.name, reason: message, cause })
  } finally {
    packed.destroy()
    gunzip.destroy()
  }
}

async function* packedParts(bytes: HashedSource, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < bytes.sizeBytes; at += PACKED_BYTES)
    yield await bytes.read(at, Math.min(PACKED_BYTES, bytes.sizeBytes - at))
}

async function firstOf(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const part of parts) return part
  return new Uint8Array(0)
}

async function* after(parts: AsyncIterable<Uint8Array>, numBytes: number): AsyncGenerator<Uint8Array> {
  let left = numBytes
  for await (const part of parts) {
    const skipped = Math.min(left, part.length)
    left -= skipped
    yield part.subarray(skipped)
  }
}
