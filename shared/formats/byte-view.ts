/** Reads numbers of one byte order from a header. Offsets are bytes from its start. */
export class ByteView {
  private readonly view: DataView
  readonly bytes: Uint8Array
  readonly isLittleEndian: boolean

  constructor(bytes: Uint8Array, isLittleEndian: boolean) {
    this.bytes = bytes
    this.isLittleEndian = isLittleEndian
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  int16(offset: number): number {
    return this.view.getInt16(offset, this.isLittleEndian)
  }

  int32(offset: number): number {
    return this.view.getInt32(offset, this.isLittleEndian)
  }

  uint32(offset: number): number {
    return this.view.getUint32(offset, this.isLittleEndian)
  }

  /** 64-bit whole number; beyond 2^53 it loses digits, which every later check refuses. */
  int64(offset: number): number {
    return Number(this.view.getBigInt64(offset, this.isLittleEndian))
  }

  float32(offset: number): number {
    return this.view.getFloat32(offset, this.isLittleEndian)
  }

  float64(offset: number): number {
    return this.view.getFloat64(offset, this.isLittleEndian)
  }

  /** Printable ASCII up to the first zero byte; other bytes become '?'. */
  text(offset: number, length: number): string {
    let text = ''
    for (let i = offset; i < offset + length && this.bytes[i] !== 0; i++) {
      const code = this.bytes[i]
      text += code >= 32 && code < 127 ? String.fromCharCode(code) : '?'
    }
    return text.trimEnd()
  }
}

/** Bytes of ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f)
}
