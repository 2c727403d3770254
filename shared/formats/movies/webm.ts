import { utf8 } from '../utf8.ts'
import { bigEndian, type EncodedFrame, type FilePart, joined, type MovieFile, type MovieLook } from './movie-file.ts'

/** Colours as ISO/IEC 23091-4 numbers them: matrix, transfer, primaries. */
export interface WebmColor {
  matrix: number
  transfer: number
  primaries: number
  isFullRange: boolean
}

export interface WebmLook extends MovieLook {
  codec: 'V_VP9' | 'V_VP8'
  color: WebmColor | null
}

const ID = {
  EBML: 0x1a45dfa3,
  EBMLVersion: 0x4286,
  EBMLReadVersion: 0x42f7,
  EBMLMaxIDLength: 0x42f2,
  EBMLMaxSizeLength: 0x42f3,
  DocType: 0x4282,
  DocTypeVersion: 0x4287,
  DocTypeReadVersion: 0x4285,
  Segment: 0x18538067,
  SeekHead: 0x114d9b74,
  Seek: 0x4dbb,
  SeekID: 0x53ab,
  SeekPosition: 0x53ac,
  Info: 0x1549a966,
  TimestampScale: 0x2ad7b1,
  Duration: 0x4489,
  MuxingApp: 0x4d80,
  WritingApp: 0x5741,
  Tracks: 0x1654ae6b,
  TrackEntry: 0xae,
  TrackNumber: 0xd7,
  TrackUID: 0x73c5,
  TrackType: 0x83,
  FlagLacing: 0x9c,
  DefaultDuration: 0x23e383,
  CodecID: 0x86,
  Video: 0xe0,
  PixelWidth: 0xb0,
  PixelHeight: 0xba,
  Colour: 0x55b0,
  MatrixCoefficients: 0x55b1,
  Range: 0x55b9,
  TransferCharacteristics: 0x55ba,
  Primaries: 0x55bb,
  Tags: 0x1254c367,
  Tag: 0x7373,
  Targets: 0x63c0,
  SimpleTag: 0x67c8,
  TagName: 0x45a3,
  TagString: 0x4487,
  Cluster: 0x1f43b675,
  Timestamp: 0xe7,
  SimpleBlock: 0xa3,
  Cues: 0x1c53bb6b,
  CuePoint: 0xbb,
  CueTime: 0xb3,
  CueTrackPositions: 0xb7,
  CueTrack: 0xf7,
  CueClusterPosition: 0xf1,
} as const

/** Milliseconds. */
const TIMESTAMP_SCALE_NS = 1_000_000
/** A block says its time in 16 bits after its cluster's. */
const LONGEST_CLUSTER_MS = 30_000
const TRACK = 1

/**
 * A WebM file of one video track. A cluster begins with each key frame; the cues at the end name them all, and the head
 * names the cues, so that players can go to any place. Holds the frames of one cluster.
 * @see https://www.rfc-editor.org/rfc/rfc9559 Matroska; https://www.webmproject.org/docs/container/
 */
export class WebmFile implements MovieFile {
  private readonly look: WebmLook
  /** Where the content of the segment begins. */
  private segmentStart = 0
  private written = 0
  private isBegun = false
  private cluster: { startMs: number; blocks: Uint8Array[] } | null = null
  private readonly cues: { timeMs: number; position: number }[] = []
  private readonly places = new Map<number, number>()

  constructor(look: WebmLook) {
    this.look = look
  }

  add(frame: EncodedFrame): FilePart[] {
    const parts = this.isBegun ? [] : [this.append(this.head())]
    const timeMs = this.timeOf(frame.index)
    const open = this.cluster
    if (open === null || frame.isKey || timeMs - open.startMs > LONGEST_CLUSTER_MS) {
      parts.push(...this.endCluster())
      this.cluster = { startMs: timeMs, blocks: [] }
    }
    this.cluster?.blocks.push(block(frame, timeMs - this.cluster.startMs))
    return parts
  }

  end(): FilePart[] {
    const parts = this.endCluster()
    this.places.set(ID.Cues, this.written - this.segmentStart)
    parts.push(this.append(element(ID.Cues, ...this.cues.map(cuePoint))))
    // What was not known when the head was written.
    parts.push({ at: this.segmentStart - 8, bytes: longSize(this.written - this.segmentStart) })
    parts.push({ at: this.segmentStart, bytes: this.seekHead() })
    return parts
  }

  private timeOf(index: number): number {
    return Math.round((index * 1000) / this.look.framesPerSecond)
  }

  private append(bytes: Uint8Array): FilePart {
    const at = this.written
    this.written += bytes.length
    return { at, bytes }
  }

  private endCluster(): FilePart[] {
    const { cluster } = this
    this.cluster = null
    if (!cluster) return []
    this.cues.push({ timeMs: cluster.startMs, position: this.written - this.segmentStart })
    return [this.append(element(ID.Cluster, number(ID.Timestamp, cluster.startMs), ...cluster.blocks))]
  }

  private head(): Uint8Array {
    this.isBegun = true
    const start = joined([ebmlHead(), id(ID.Segment), longSize(0)])
    this.segmentStart = start.length
    const parts = { [ID.Info]: this.info(), [ID.Tracks]: this.tracks(), [ID.Tags]: this.tags() }
    let at = this.seekHead().length
    const order = [ID.Info, ID.Tracks, ID.Tags] as const
    for (const one of order) {
      this.places.set(one, at)
      at += parts[one].length
    }
    return joined([start, this.seekHead(), ...order.map((one) => parts[one])])
  }

  /** Where the parts of the segment are; always of one length. */
  private seekHead(): Uint8Array {
    const seeks = [ID.Info, ID.Tracks, ID.Tags, ID.Cues].map((one) =>
      element(ID.Seek, element(ID.SeekID, id(one)), element(ID.SeekPosition, bigEndian(this.places.get(one) ?? 0, 8))),
    )
    return element(ID.SeekHead, ...seeks)
  }

  private info(): Uint8Array {
    const { numFrames, framesPerSecond, application } = this.look
    const duration = new Uint8Array(8)
    new DataView(duration.buffer).setFloat64(0, (numFrames * 1000) / framesPerSecond)
    return element(
      ID.Info,
      number(ID.TimestampScale, TIMESTAMP_SCALE_NS),
      element(ID.Duration, duration),
      text(ID.MuxingApp, application),
      text(ID.WritingApp, application),
    )
  }

  private tracks(): Uint8Array {
    const { codec, width, height, framesPerSecond, color } = this.look
    const colour = color
      ? [
          element(
            ID.Colour,
            number(ID.MatrixCoefficients, color.matrix),
            number(ID.Range, color.isFullRange ? 2 : 1),
            number(ID.TransferCharacteristics, color.transfer),
            number(ID.Primaries, color.primaries),
          ),
        ]
      : []
    return element(
      ID.Tracks,
      element(
        ID.TrackEntry,
        number(ID.TrackNumber, TRACK),
        number(ID.TrackUID, TRACK),
        number(ID.TrackType, 1),
        number(ID.FlagLacing, 0),
        number(ID.DefaultDuration, Math.round(1e9 / framesPerSecond)),
        text(ID.CodecID, codec),
        element(ID.Video, number(ID.PixelWidth, width), number(ID.PixelHeight, height), ...colour),
      ),
    )
  }

  private tags(): Uint8Array {
    const tag = element(ID.SimpleTag, text(ID.TagName, 'PROVENANCE'), text(ID.TagString, this.look.provenance))
    return element(ID.Tags, element(ID.Tag, element(ID.Targets), tag))
  }
}

function ebmlHead(): Uint8Array {
  return element(
    ID.EBML,
    number(ID.EBMLVersion, 1),
    number(ID.EBMLReadVersion, 1),
    number(ID.EBMLMaxIDLength, 4),
    number(ID.EBMLMaxSizeLength, 8),
    text(ID.DocType, 'webm'),
    number(ID.DocTypeVersion, 4),
    number(ID.DocTypeReadVersion, 2),
  )
}

function block({ bytes, isKey }: EncodedFrame, offsetMs: number): Uint8Array {
  return element(
    ID.SimpleBlock,
    Uint8Array.of(0x80 | TRACK),
    bigEndian(offsetMs, 2),
    Uint8Array.of(isKey ? 0x80 : 0),
    bytes,
  )
}

function cuePoint({ timeMs, position }: { timeMs: number; position: number }): Uint8Array {
  return element(
    ID.CuePoint,
    number(ID.CueTime, timeMs),
    element(ID.CueTrackPositions, number(ID.CueTrack, TRACK), number(ID.CueClusterPosition, position)),
  )
}

function element(name: number, ...content: readonly Uint8Array[]): Uint8Array {
  const size = content.reduce((sum, part) => sum + part.length, 0)
  return joined([id(name), sizeOf(size), ...content])
}

function id(name: number): Uint8Array {
  return bigEndian(name, name > 0xffffff ? 4 : name > 0xffff ? 3 : name > 0xff ? 2 : 1)
}

/** A size in the fewest bytes; all bits set would mean "unknown". */
function sizeOf(size: number): Uint8Array {
  let numBytes = 1
  while (size >= 2 ** (7 * numBytes) - 1) numBytes++
  return marked(size, numBytes)
}

/** A size in eight bytes, to be replaced later. */
function longSize(size: number): Uint8Array {
  return marked(size, 8)
}

function marked(size: number, numBytes: number): Uint8Array {
  const bytes = bigEndian(size, numBytes)
  bytes[0] |= 1 << (8 - numBytes)
  return bytes
}

function number(name: number, value: number): Uint8Array {
  let numBytes = 1
  while (value >= 256 ** numBytes) numBytes++
  return element(name, bigEndian(value, numBytes))
}

function text(name: number, value: string): Uint8Array {
  return element(name, utf8(value))
}
