/**
 * Streaming bzip2 decoder: one block of at most 900 kB in memory, CRCs checked, several streams after one another allowed.
 * npm has no decoder that is kept up and bounded; the format has not changed since 1996.
 * @see https://en.wikipedia.org/wiki/Bzip2#File_format and the reference implementation's decompress.c
 */
export class Bunzip2 {
  private packed: Uint8Array = new Uint8Array(0)
  private level = 0
  private bitOffset = 0
  private isInStream = false
  private combinedCrc = 0
  private numStreams = 0;

  /** Takes the next packed bytes and gives whole blocks as they become complete. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.packed = this.packed.length === 0 ? bytes : joined(this.packed, bytes)
    // A block is at most 900 kB unpacked and never packs to more than that and a little: wait until it is surely whole.
    while (this.bitsLeft() > MAX_BLOCK_BITS) {
      const block = this.next()
      if (block === null) return
      yield block
    }
  }

  /** All packed bytes were given: the blocks that are left. @throws Error when the data are damaged or end early */
  *end(): Generator<Uint8Array> {
    for (;;) {
      const block = this.next()
      if (block === null) return
      yield block
    }
  }

  private bitsLeft(): number {
    return this.packed.length * 8 - this.bitOffset
  }

  /** The next unpacked block; null at the end of the last stream. */
  private next(): Uint8Array | null {
    const bits = new BitReader(this.packed, this.bitOffset)
    for (;;) {
      if (!this.isInStream) {
        bits.alignToByte()
        if (bits.bitsLeft() < 32) return this.atEnd(bits)
        this.startStream(bits)
        if (!this.isInStream) return null
      }
      const magicHigh = bits.read(24)
      const magicLow = bits.read(24)
      if (magicHigh === 0x314159 && magicLow === 0x265359) {
        const expectedCrc = bits.read(32)
        const block = decodeBlock(bits, this.level * 100_000)
        const crc = crcOf(block)
        if (crc !== expectedCrc) throw new Error('a block has a wrong checksum')
        this.combinedCrc = (((this.combinedCrc << 1) | (this.combinedCrc >>> 31)) ^ crc) >>> 0
        this.consume(bits)
        return block
      }
      if (magicHigh !== 0x177245 || magicLow !== 0x385090) throw new Error('a block does not begin as it should')
      if (bits.read(32) !== this.combinedCrc) throw new Error('the whole has a wrong checksum')
      this.isInStream = false
    }
  }

  private atEnd(bits: BitReader): null {
    if (this.numStreams === 0) throw new Error('the data end before they begin')
    this.consume(bits)
    return null
  }

  private startStream(bits: BitReader): void {
    const magic = bits.read(24)
    const level = bits.read(8) - 0x30
    if (magic !== 0x425a68 || level < 1 || level > 9) {
      // Bytes after the last stream that are no stream are left alone, as bzip2 does.
      if (this.numStreams > 0) return
      throw new Error('the data do not begin as bzip2')
    }
    this.level = level
    this.isInStream = true
    this.combinedCrc = 0
    this.numStreams++
  }

  private consume(bits: BitReader): void {
    const wholeBytes = bits.position >> 3
    this.packed = this.packed.subarray(wholeBytes)
    this.bitOffset = bits.position & 7
  }
}

/** Packed size above which a block of 900,000 bytes is surely whole, in bits, with its tables. */
const MAX_BLOCK_BITS = 8 * 1_200_000

const MAX_CODE_BITS = 20
const GROUP_SIZE = 50

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}

/** Bits of a byte array, highest first. */
class BitReader {
  position: number
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes
    this.position = position
  }

  bitsLeft(): number {
    return this.bytes.length * 8 - this.position
  }

  /** Up to 32 bits as a whole number. */
  read(count: number): number {
    if (this.bitsLeft() < count) throw new Error('the data end early')
    let value = 0
    for (let left = count; left > 0; ) {
      const inByte = 8 - (this.position & 7)
      const take = Math.min(inByte, left)
      const byte = this.bytes[this.position >> 3]
      value = value * 2 ** take + ((byte >> (inByte - take)) & ((1 << take) - 1))
      this.position += take
      left -= take
    }
    return value
  }

  alignToByte(): void {
    this.position = Math.min(this.bytes.length * 8, (this.position + 7) & ~7)
  }
}

interface CodeTable {
  /** Per length: largest code, and what to add to a code to get its place in `symbols`. */
  limits: Int32Array
  offsets: Int32Array
  symbols: Uint16Array
  minBits: number
}

function decodeBlock(bits: BitReader, maxBytes: number): Uint8Array {
  if (bits.read(1) !== 0) throw new Error('randomised blocks are not supported')
  const origin = bits.read(24)
  const used = usedBytes(bits)
  const numSymbols = used.length + 2
  const numTables = bits.read(3)
  const numSelectors = bits.read(15)
  if (used.length === 0 || numTables < 2 || numTables > 6 || numSelectors === 0)
    throw new Error('a block has damaged tables')
  const selectors = readSelectors(bits, numTables, numSelectors)
  const tables = Array.from({ length: numTables }, () => readTable(bits, numSymbols))
  const { column, counts, length } = readColumn(bits, used, selectors, tables, maxBytes)
  if (origin >= length) throw new Error('a block has a damaged origin')
  return undoRuns(undoSort(column, counts, length, origin), maxBytes)
}

function usedBytes(bits: BitReader): number[] {
  const groups = bits.read(16)
  const used: number[] = []
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue
    const members = bits.read(16)
    for (let i = 0; i < 16; i++) if (members & (0x8000 >> i)) used.push(group * 16 + i)
  }
  return used
}

function readSelectors(bits: BitReader, numTables: number, numSelectors: number): Uint8Array {
  const order = Array.from({ length: numTables }, (_, i) => i)
  const selectors = new Uint8Array(numSelectors)
  for (let i = 0; i < numSelectors; i++) {
    let place = 0
    while (bits.read(1) === 1) if (++place >= numTables) throw new Error('a block has a damaged selector')
    const [table] = order.splice(place, 1)
    order.unshift(table)
    selectors[i] = table
  }
  return selectors
}

function readTable(bits: BitReader, numSymbols: number): CodeTable {
  const lengths = new Uint8Array(numSymbols)
  let length = bits.read(5)
  for (let symbol = 0; symbol < numSymbols; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw new Error('a block has a damaged code table')
      if (bits.read(1) === 0) break
      length += bits.read(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  return tableOf(lengths)
}

function tableOf(lengths: Uint8Array): CodeTable {
  const minBits = Math.min(...lengths)
  const maxBits = Math.max(...lengths)
  const symbols = new Uint16Array(lengths.length)
  const limits = new Int32Array(MAX_CODE_BITS + 2).fill(-1)
  const offsets = new Int32Array(MAX_CODE_BITS + 2)
  let code = 0
  let place = 0
  for (let bitsLong = minBits; bitsLong <= maxBits; bitsLong++) {
    offsets[bitsLong] = place - code
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== bitsLong) continue
      symbols[place++] = symbol
      code++
    }
    limits[bitsLong] = code - 1
    code *= 2
  }
  return { limits, offsets, symbols, minBits }
}

/** Undoes the Huffman code, the zero runs and move-to-front: the last column of the sorted block. */
function readColumn(bits: BitReader, used: number[], selectors: Uint8Array, tables: CodeTable[], maxBytes: number) {
  const column = new Uint32Array(maxBytes)
  const counts = new Uint32Array(256)
  const front = Uint8Array.from(used)
  const endSymbol = used.length + 1
  let length = 0
  let runLength = 0
  let runBit = 1
  const flushRun = () => {
    if (length + runLength > maxBytes) throw new Error('a block is too long')
    column.fill(front[0], length, length + runLength)
    counts[front[0]] += runLength
    length += runLength
    runLength = 0
    runBit = 1
  }
  for (let group = 0; ; group++) {
    if (group >= selectors.length) throw new Error('a block has too few selectors')
    const table = tables[selectors[group]]
    for (let i = 0; i < GROUP_SIZE; i++) {
      const symbol = readSymbol(bits, table)
      if (symbol <= 1) {
        runLength += runBit << symbol
        runBit <<= 1
        if (runLength > maxBytes) throw new Error('a block is too long')
        continue
      }
      if (runLength > 0) flushRun()
      if (symbol === endSymbol) return { column, counts, length }
      const byte = front[symbol - 1]
      front.copyWithin(1, 0, symbol - 1)
      front[0] = byte
      if (length >= maxBytes) throw new Error('a block is too long')
      column[length++] = byte
      counts[byte]++
    }
  }
}

function readSymbol(bits: BitReader, { limits, offsets, symbols, minBits }: CodeTable): number {
  let code = bits.read(minBits)
  for (let length = minBits; length <= MAX_CODE_BITS; length++) {
    if (code <= limits[length]) {
      const place = code + offsets[length]
      if (place < 0 || place >= symbols.length) break
      return symbols[place]
    }
    code = code * 2 + bits.read(1)
  }
  throw new Error('a block has a damaged code')
}

/** Undoes the Burrows–Wheeler transform. `column` holds bytes in its low 8 bits and is written over. */
function undoSort(column: Uint32Array, counts: Uint32Array, length: number, origin: number): Uint8Array {
  const starts = new Uint32Array(256)
  for (let byte = 1; byte < 256; byte++) starts[byte] = starts[byte - 1] + counts[byte - 1]
  for (let i = 0; i < length; i++) column[starts[column[i] & 0xff]++] |= i << 8
  const out = new Uint8Array(length)
  let at = column[origin] >>> 8
  for (let i = 0; i < length; i++) {
    const entry = column[at]
    out[i] = entry & 0xff
    at = entry >>> 8
  }
  return out
}

/** Undoes the first run-length code: four equal bytes are followed by a count of more. */
function undoRuns(packed: Uint8Array, maxBytes: number): Uint8Array {
  let total = 0
  forEachRun(packed, (_byte, count) => {
    total += count
  })
  // Five packed bytes make at most 259; anything more is damage.
  if (total > maxBytes * 52) throw new Error('a block is too long')
  const out = new Uint8Array(total)
  let at = 0
  forEachRun(packed, (byte, count) => {
    out.fill(byte, at, at + count)
    at += count
  })
  return out
}

function forEachRun(packed: Uint8Array, take: (byte: number, count: number) => void): void {
  for (let i = 0; i < packed.length; ) {
    const byte = packed[i]
    let same = 1
    while (same < 4 && i + same < packed.length && packed[i + same] === byte) same++
    i += same
    if (same === 4 && i < packed.length) take(byte, 4 + packed[i++])
    else take(byte, same)
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc >>> 0
})

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = ((crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ bytes[i]) & 0xff]) >>> 0
  return ~crc >>> 0
}
