import { utf8 } from './utf8.ts'

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
/** Signature and IHDR, which comes first and always has 13 bytes. */
const HEAD_BYTES = 8 + 25

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value
})

/**
 * A PNG with texts after its head: what it was made of travels in the picture itself.
 * @param texts keywords of 1 to 79 letters of Latin-1, and any text
 * @returns a new file; `png` stays as it is
 * @throws RangeError when `png` is no PNG
 * @see https://www.w3.org/TR/png-3/#11iTXt
 */
export function withPngTexts(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  if (png.length < HEAD_BYTES || SIGNATURE.some((byte, at) => png[at] !== byte)) throw new RangeError('no PNG')
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text))
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, png.length))
  out.set(png.subarray(0, HEAD_BYTES))
  let at = HEAD_BYTES
  for (const chunk of chunks) {
    out.set(chunk, at)
    at += chunk.length
  }
  out.set(png.subarray(HEAD_BYTES), at)
  return out
}

/** `iTXt`, not compressed, without language. */
function textChunk(keyword: string, text: string): Uint8Array {
  const name = Uint8Array.from(keyword, (letter) => letter.charCodeAt(0))
  const value = utf8(text)
  const numBytes = name.length + 5 + value.length
  const chunk = new Uint8Array(12 + numBytes)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, numBytes)
  chunk.set(utf8('iTXt'), 4)
  chunk.set(name, 8)
  chunk.set(value, 8 + name.length + 5)
  view.setUint32(8 + numBytes, crc32(chunk.subarray(4, 8 + numBytes)))
  return chunk
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
