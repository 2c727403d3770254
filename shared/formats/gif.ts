/** A palette of 256 colours, three bytes each, and how long a frame is shown. */
export interface GifLook {
  width: number
  height: number
  palette: Uint8Array
  /** Hundredths of a second. */
  delay: number
  /** Carried in the file as a comment, ASCII. */
  comment: string
}

/**
 * A GIF that repeats for ever, frame by frame.
 * @param frames palette indices, rows from the top; not kept
 * @throws RangeError for a size, a palette or a frame that a GIF cannot have
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
export async function* gifFile(look: GifLook, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { width, height, palette, delay, comment } = look
  if (!isShort(width) || !isShort(height)) throw new RangeError(`a GIF cannot have ${width} × ${height} pixels`)
  if (palette.length !== 768) throw new RangeError(`${palette.length} bytes are no palette of 256 colours`)
  yield bytes('GIF89a', short(width), short(height), [0xf7, 0, 0], palette)
  yield bytes([0x21, 0xff, 11], 'NETSCAPE2.0', [3, 1, 0, 0, 0])
  if (comment) yield bytes([0x21, 0xfe], blocks(bytes(comment)))
  for await (const frame of frames) {
    if (frame.length !== width * height)
      throw new RangeError(`a frame of ${frame.length} pixels, not ${width} × ${height}`)
    yield bytes([0x21, 0xf9, 4, 0], short(delay), [0, 0])
    yield bytes([0x2c, 0, 0, 0, 0], short(width), short(height), [0, 8], blocks(lzw(frame)))
  }
  yield bytes([0x3b])
}

function isShort(size: number): boolean {
  return Number.isInteger(size) && size > 0 && size < 65_536
}

function short(value: number): number[] {
  return [value & 255, value >> 8]
}

function bytes(...parts: (string | ArrayLike<number>)[]): Uint8Array {
  const arrays = parts.map((part) =>
    typeof part === 'string' ? Uint8Array.from(part, (one) => one.charCodeAt(0) & 127) : part,
  )
  const out = new Uint8Array(arrays.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of arrays) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Data in blocks of 255 bytes, each after its length, and an empty one. */
function blocks(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + Math.ceil(data.length / 255) + 1)
  let to = 0
  for (let from = 0; from < data.length; from += 255) {
    const block = data.subarray(from, from + 255)
    out[to++] = block.length
    out.set(block, to)
    to += block.length
  }
  return out
}

const CLEAR = 256
const END = 257
// 4096 codes of 256 next pixels.
const TABLE_SIZE = 4096 * 256

/** LZW of 8-bit pixels with codes of 9 to 12 bits; begins a new table when one is full. */
function lzw(pixels: Uint8Array): Uint8Array {
  const next = new Uint16Array(TABLE_SIZE)
  const out: number[] = []
  let [buffer, numBits, size, last] = [0, 0, 9, END]
  const put = (code: number) => {
    buffer |= code << numBits
    for (numBits += size; numBits >= 8; numBits -= 8) {
      out.push(buffer & 255)
      buffer >>>= 8
    }
  }
  put(CLEAR)
  let prefix = pixels[0]
  for (let at = 1; at < pixels.length; at++) {
    const slot = prefix * 256 + pixels[at]
    if (next[slot] !== 0) {
      prefix = next[slot]
      continue
    }
    put(prefix)
    prefix = pixels[at]
    if (last === 4095) {
      put(CLEAR)
      next.fill(0)
      size = 9
      last = END
    } else {
      next[slot] = ++last
      // The reader's table is one code behind.
      if (last === 2 ** size && size < 12) size++
    }
  }
  put(prefix)
  // The reader adds a code for what it just got, and may go to wider codes for the end.
  if (last + 1 === 2 ** size && size < 12) size++
  put(END)
  if (numBits > 0) out.push(buffer & 255)
  return Uint8Array.from(out)
}
