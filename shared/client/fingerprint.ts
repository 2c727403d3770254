import { createHash } from 'node:crypto'
import type { ByteSource } from '../volume/header.ts'

/** Bytes read at head, middle and tail: enough to tell files apart, small enough for a slow disk. */
const SAMPLE_BYTES = 64 * 1024

/** Bytes hashed at once. */
const HASH_CHUNK_BYTES = 4 * 1024 * 1024

/** Finds the open upload of the same file again: size, modification time, and hash of head, middle and tail. */
export async function fingerprintOf(source: ByteSource, modifiedMs: number | undefined): Promise<string> {
  const hash = createHash('sha256')
  const length = Math.min(SAMPLE_BYTES, source.sizeBytes)
  const offsets = [0, Math.floor((source.sizeBytes - length) / 2), source.sizeBytes - length]
  for (const offset of offsets) hash.update(await source.read(offset, length))
  return `v1:${source.sizeBytes}:${Math.round(modifiedMs ?? 0)}:${hash.digest('hex')}`
}

/** Pieces read between head and tail by `hashOfSamples`: what covers a sixtieth of the file in one go meets one of them. */
const NUM_PIECES = 61
const PIECE_BYTES = 4096

/** SHA-256 of size, head, middle, tail and many short pieces between, hex: tells files apart without reading them whole. */
export async function hashOfSamples(source: ByteSource): Promise<string> {
  const { sizeBytes } = source
  const hash = createHash('sha256').update(`${sizeBytes}:`)
  const take = async (part: number, length: number) =>
    hash.update(await source.read(Math.floor((sizeBytes - length) * part), length))
  for (const part of [0, 0.5, 1]) await take(part, Math.min(SAMPLE_BYTES, sizeBytes))
  for (let piece = 1; piece <= NUM_PIECES; piece++)
    await take(piece / (NUM_PIECES + 1), Math.min(PIECE_BYTES, sizeBytes))
  return hash.digest('hex')
}

/** SHA-256 of a whole source, hex. */
export async function hashSource(
  source: ByteSource,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256')
  for (let offset = 0; offset < source.sizeBytes; offset += HASH_CHUNK_BYTES) {
    signal?.throwIfAborted()
    const chunk = await source.read(offset, Math.min(HASH_CHUNK_BYTES, source.sizeBytes - offset), signal)
    hash.update(chunk)
    onBytes(chunk.length)
  }
  return hash.digest('hex')
}
