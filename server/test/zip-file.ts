import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipPart {
  name: string
  content?: Uint8Array | string
  /** False stores the content as it is. */
  isPacked?: boolean
  /** Unix mode with its file type, e.g. 0o120777 for a link. */
  mode?: number
  flags?: number
  method?: number
  /** What directory and header say instead of the truth. */
  announced?: { plainBytes?: number; packedBytes?: number; crc32?: number }
  /** What the header before the content says instead of the directory. */
  local?: { name?: string; plainBytes?: number; packedBytes?: number }
  /** Where the directory says that the header lies. */
  headerStart?: number
  /** Sizes and checksum follow the content, as programs write that cannot go back. */
  isStreamed?: boolean
}

/** The bytes of a zip archive, honest or not. */
export function zipFile(parts: readonly ZipPart[], end: { before?: Uint8Array; after?: Uint8Array } = {}): Buffer {
  const contents: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  const add = (bytes: Uint8Array) => {
    contents.push(Buffer.from(bytes))
    at += bytes.length
  }
  if (end.before) add(end.before)
  for (const part of parts) {
    const start = at
    const { header, packed, follows, central } = entryOf(part, start)
    add(header)
    add(packed)
    if (follows) add(follows)
    directory.push(central)
  }
  const listing = Buffer.concat(directory)
  const last = Buffer.alloc(22)
  last.writeUInt32LE(0x06054b50, 0)
  last.writeUInt16LE(parts.length, 8)
  last.writeUInt16LE(parts.length, 10)
  last.writeUInt32LE(listing.length, 12)
  last.writeUInt32LE(at, 16)
  return Buffer.concat([...contents, listing, last, end.after ?? new Uint8Array(0)])
}

function entryOf(part: ZipPart, start: number) {
  const plain = Buffer.from(part.content ?? '')
  const isPacked = (part.isPacked ?? true) && !part.name.endsWith('/')
  const packed = isPacked ? deflateRawSync(plain) : plain
  const method = part.method ?? (isPacked ? 8 : 0)
  const flags = (part.flags ?? 0) | (part.isStreamed ? 8 : 0)
  const sizes = {
    crc32: crc32(plain),
    packedBytes: packed.length,
    plainBytes: plain.length,
    ...part.announced,
  }
  const name = Buffer.from(part.name)
  const localName = Buffer.from(part.local?.name ?? part.name)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(flags, 6)
  header.writeUInt16LE(method, 8)
  if (!part.isStreamed) writeSizes(header, 14, { ...sizes, ...part.local })
  header.writeUInt16LE(localName.length, 26)
  const central = Buffer.alloc(46)
  central.writeUInt32LE(0x02014b50, 0)
  central.writeUInt16LE((3 << 8) | 20, 4)
  central.writeUInt16LE(20, 6)
  central.writeUInt16LE(flags, 8)
  central.writeUInt16LE(method, 10)
  writeSizes(central, 16, sizes)
  central.writeUInt16LE(name.length, 28)
  central.writeUInt32LE(((part.mode ?? (part.name.endsWith('/') ? 0o040755 : 0o100644)) << 16) >>> 0, 38)
  central.writeUInt32LE(part.headerStart ?? start, 42)
  return {
    header: Buffer.concat([header, localName]),
    packed,
    follows: part.isStreamed ? descriptor(sizes) : null,
    central: Buffer.concat([central, name]),
  }
}

interface Sizes {
  crc32: number
  packedBytes: number
  plainBytes: number
}

function descriptor(sizes: Sizes): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(0x08074b50, 0)
  writeSizes(bytes, 4, sizes)
  return bytes
}

function writeSizes(bytes: Buffer, at: number, sizes: Sizes): void {
  bytes.writeUInt32LE(sizes.crc32, at)
  bytes.writeUInt32LE(sizes.packedBytes, at + 4)
  bytes.writeUInt32LE(sizes.plainBytes, at + 8)
}
