import type { ByteSource } from '../../shared/volume/header.ts'

/** One field of a protobuf message. Its payload lies in `start` to `end` of the file; a varint's value is in `value`. */
export interface ProtobufField {
  number: number
  value: number
  start: number
  end: number
}

/** Bytes read ahead: fields are small, and what is large is skipped. */
const WINDOW_BYTES = 64 * 1024

/** Fields read of one file; a network of a thousand layers has under 100 000. */
const MOST_FIELDS = 1_000_000

/** Longest text that is read; names of inputs are far shorter. */
const MOST_TEXT_BYTES = 4096

/** Numbers of one field that are read: sizes and strides, never weights. */
const MOST_INTEGERS = 64

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/**
 * Reads protobuf messages from a file of any size without loading it: payloads are skipped unless asked for.
 * Throws `RangeError` where the bytes are no protobuf, or too many.
 * @see protobuf.dev/programming-guides/encoding
 */
export class ProtobufReader {
  private readonly source: ByteSource
  private window: Uint8Array = new Uint8Array(0)
  private windowStart = 0
  private numFields = 0

  /** The source stays the caller's. */
  constructor(source: ByteSource) {
    this.source = source
  }

  /** The fields of the message in a range of the file, in its order. */
  async *fields(start: number, end: number): AsyncGenerator<ProtobufField> {
    for (let at = start; at < end; ) {
      if (++this.numFields > MOST_FIELDS) throw new RangeError('too many fields')
      const tag = await this.varint(at, end)
      const field = await this.payload(tag.value, tag.end, end)
      yield field
      at = field.end
    }
  }

  async text({ start, end }: ProtobufField): Promise<string> {
    if (end - start > MOST_TEXT_BYTES) throw new RangeError('a name is too long')
    if (start < this.windowStart || end > this.windowStart + this.window.length) await this.moveWindow(start)
    return new TextDecoder().decode(this.window.subarray(start - this.windowStart, end - this.windowStart))
  }

  /** The whole numbers of a field: one, or a packed list. @throws RangeError where they are too many */
  async integers({ start, end }: ProtobufField): Promise<number[]> {
    const found: number[] = []
    for (let at = start; at < end; ) {
      if (found.length === MOST_INTEGERS) throw new RangeError('too many numbers')
      const next = await this.varint(at, end)
      found.push(next.value)
      at = next.end
    }
    return found
  }

  private async payload(tag: number, start: number, limit: number): Promise<ProtobufField> {
    const [number, wire] = [Math.floor(tag / 8), tag % 8]
    if (wire === WIRE.varint) return { number, start, ...(await this.varint(start, limit)) }
    let [from, length] = [start, wire === WIRE.fixed64 ? 8 : 4]
    if (wire === WIRE.bytes) {
      const announced = await this.varint(start, limit)
      from = announced.end
      length = announced.value
    } else if (wire !== WIRE.fixed64 && wire !== WIRE.fixed32) throw new RangeError(`wire type ${wire}`)
    if (number === 0 || length < 0 || length > limit - from) throw new RangeError('a field is longer than its message')
    return { number, value: 0, start: from, end: from + length }
  }

  /** A whole number of seven bits a byte, lowest first; read as a signed 64-bit one. */
  private async varint(start: number, limit: number): Promise<{ value: number; end: number }> {
    let value = 0n
    for (let i = 0; i < 10; i++) {
      if (start + i >= limit) throw new RangeError('a number is cut off')
      const byte = await this.byte(start + i)
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return { value: Number(BigInt.asIntN(64, value)), end: start + i + 1 }
    }
    throw new RangeError('a number is too long')
  }

  private async byte(at: number): Promise<number> {
    const offset = at - this.windowStart
    if (offset >= 0 && offset < this.window.length) return this.window[offset]
    await this.moveWindow(at)
    return this.window[0]
  }

  private async moveWindow(at: number): Promise<void> {
    this.window = await this.source.read(at, Math.min(WINDOW_BYTES, this.source.sizeBytes - at))
    this.windowStart = at
  }
}
