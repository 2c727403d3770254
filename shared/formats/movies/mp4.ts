import { utf8 } from '../utf8.ts'
import { bigEndian, type EncodedFrame, type FilePart, joined, type MovieFile, type MovieLook } from './movie-file.ts'

export interface Mp4Look extends MovieLook {
  /** AVCDecoderConfigurationRecord of ISO/IEC 14496-15, as the encoder gives it. */
  avcConfiguration: Uint8Array
}

/** Ticks of one frame; the timescale is this many times the frames of a second, so that every time is whole. */
const FRAME_TICKS = 100
const TRACK = 1
const UNITY = [0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000]

/**
 * An MP4 file of one H.264 track: the frames as they come, then the tables that find them. Holds sizes and places, no
 * frames.
 * @see ISO/IEC 14496-12
 */
export class Mp4File implements MovieFile {
  private readonly look: Mp4Look
  private written = 0
  private readonly samples: { at: number; size: number; isKey: boolean }[] = []
  private mediaStart = 0

  constructor(look: Mp4Look) {
    this.look = look
  }

  add({ bytes, isKey }: EncodedFrame): FilePart[] {
    const parts = this.written === 0 ? [this.append(this.head())] : []
    this.samples.push({ at: this.written, size: bytes.length, isKey })
    return [...parts, this.append(bytes)]
  }

  end(): FilePart[] {
    const size = { at: this.mediaStart + 8, bytes: bigEndian(this.written - this.mediaStart, 8) }
    return [this.append(this.movie()), size]
  }

  private append(bytes: Uint8Array): FilePart {
    const at = this.written
    this.written += bytes.length
    return { at, bytes }
  }

  private head(): Uint8Array {
    const type = box('ftyp', ascii('isom'), int(0x200), ascii('isomiso2avc1mp41'))
    this.mediaStart = type.length
    // A size of 1 says that the real one follows in eight bytes.
    return joined([type, int(1), ascii('mdat'), bigEndian(0, 8)])
  }

  private get ticks(): number {
    return this.samples.length * FRAME_TICKS
  }

  private get timescale(): number {
    return this.look.framesPerSecond * FRAME_TICKS
  }

  private movie(): Uint8Array {
    const head = full(
      'mvhd',
      0,
      ints(0, 0, this.timescale, this.ticks, 0x00010000),
      bigEndian(0x0100, 2),
      zeros(10),
      ints(...UNITY),
      zeros(24),
      int(TRACK + 1),
    )
    return box('moov', head, this.track(), this.userData())
  }

  private track(): Uint8Array {
    const { width, height } = this.look
    const head = full(
      'tkhd',
      3,
      ints(0, 0, TRACK, 0, this.ticks),
      zeros(16),
      ints(...UNITY, width * 65_536, height * 65_536),
    )
    const mediaHead = full('mdhd', 0, ints(0, 0, this.timescale, this.ticks), bigEndian(0x55c4, 2), zeros(2))
    const handler = full('hdlr', 0, int(0), ascii('vide'), zeros(12), ascii('Video\0'))
    const place = box('dinf', full('dref', 0, int(1), full('url ', 1)))
    const information = box('minf', full('vmhd', 1, zeros(8)), place, this.tables())
    return box('trak', head, box('mdia', mediaHead, handler, information))
  }

  private tables(): Uint8Array {
    const { samples } = this
    const count = samples.length
    const keys = samples.flatMap(({ isKey }, index) => (isKey ? [index + 1] : []))
    return box(
      'stbl',
      full('stsd', 0, int(1), this.description()),
      full('stts', 0, ints(1, count, FRAME_TICKS)),
      full('stss', 0, ints(keys.length, ...keys)),
      // Each frame is a chunk of its own.
      full('stsc', 0, ints(1, 1, 1, 1)),
      full('stsz', 0, ints(0, count), ...samples.map(({ size }) => int(size))),
      full('co64', 0, int(count), ...samples.map(({ at }) => bigEndian(at, 8))),
    )
  }

  private description(): Uint8Array {
    const { width, height, avcConfiguration } = this.look
    const size = joined([bigEndian(width, 2), bigEndian(height, 2)])
    const resolution = ints(0x00480000, 0x00480000, 0) // 72 dpi
    const rest = joined([bigEndian(1, 2), zeros(32), bigEndian(0x18, 2), bigEndian(0xffff, 2)])
    return box('avc1', zeros(6), bigEndian(1, 2), zeros(16), size, resolution, rest, box('avcC', avcConfiguration))
  }

  private userData(): Uint8Array {
    const handler = full('hdlr', 0, int(0), ascii('mdirappl'), zeros(9))
    const item = (name: string, value: string) => box(name, box('data', ints(1, 0), utf8(value)))
    const list = box('ilst', item('\xa9too', this.look.application), item('\xa9cmt', this.look.provenance))
    return box('udta', full('meta', 0, handler, list))
  }
}

function box(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  const size = content.reduce((sum, part) => sum + part.length, 8)
  return joined([int(size), ascii(type), ...content])
}

/** A box with version 0 and flags. */
function full(type: string, flags: number, ...content: readonly Uint8Array[]): Uint8Array {
  return box(type, int(flags), ...content)
}

function int(value: number): Uint8Array {
  return bigEndian(value, 4)
}

function ints(...values: readonly number[]): Uint8Array {
  return joined(values.map(int))
}

function zeros(numBytes: number): Uint8Array {
  return new Uint8Array(numBytes)
}

function ascii(value: string): Uint8Array {
  return Uint8Array.from(value, (letter) => letter.charCodeAt(0))
}
