import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { MovieFile } from '../../../shared/formats/movies/movie-file.ts'
import { Mp4File } from '../../../shared/formats/movies/mp4.ts'
import { type WebmColor, WebmFile } from '../../../shared/formats/movies/webm.ts'
import { MOVIE_FORMATS, type MovieFormat } from './movie-plan.ts'
import type { MovieSource } from './movie-source.ts'
import type { PictureFile } from './picture-file.ts'

type VideoFormat = Exclude<MovieFormat, 'gif'>

/** The first that this computer encodes is taken. Profile and level of the most that each format is asked for. */
const CODECS: Readonly<Record<VideoFormat, readonly string[]>> = {
  webm: ['vp09.00.51.08', 'vp8'],
  mp4: ['avc1.640034', 'avc1.420034'],
}
/** Of a tomogram's noise little can be left out: about what keeps its grain. */
const BITS_PER_PIXEL = 0.35
const LEAST_BITS_PER_SECOND = 1_000_000
/** Players go to a key frame at once. */
const SECONDS_PER_KEY = 2
/** Frames that wait in the encoder; each is as large as the picture. */
const MOST_WAITING = 3

/** Formats that this computer can write. */
export async function movieFormats(): Promise<MovieFormat[]> {
  const size = { width: 640, height: 480, framesPerSecond: 10 }
  const isThere = await Promise.all(
    MOVIE_FORMATS.map(async (format) => format === 'gif' || (await configFor(format, size)) !== null),
  )
  return MOVIE_FORMATS.filter((_, index) => isThere[index])
}

async function configFor(
  format: VideoFormat,
  { width, height, framesPerSecond }: Pick<MovieSource, 'width' | 'height' | 'framesPerSecond'>,
): Promise<VideoEncoderConfig | null> {
  if (typeof VideoEncoder === 'undefined') return null
  const bitrate = Math.max(LEAST_BITS_PER_SECOND, Math.round(width * height * framesPerSecond * BITS_PER_PIXEL))
  for (const codec of CODECS[format]) {
    const config: VideoEncoderConfig = {
      codec,
      width,
      height,
      bitrate,
      framerate: framesPerSecond,
      bitrateMode: 'variable',
    }
    if (format === 'mp4') config.avc = { format: 'avc' }
    const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({ supported: false }))
    if (supported) return config
  }
  return null
}

/**
 * Encodes the frames and writes them as they come. Holds the few that wait.
 * @throws {DomainError} `movie_not_encoded`, and what the source throws
 */
export async function writeVideoMovie(source: MovieSource, file: PictureFile, format: VideoFormat): Promise<void> {
  const config = await configFor(format, source)
  const name = format === 'mp4' ? 'MP4' : 'WebM'
  if (!config) throw new DomainError('movie_not_encoded', { format: name, reason: 'no encoder takes this size' })
  const encoding = new Encoding(config, source, file, format)
  try {
    await encoding.run()
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DomainError('movie_not_encoded', { format: name, reason, cause })
  } finally {
    encoding.close()
  }
}

/** One movie on its way through the encoder into its file. */
class Encoding {
  private readonly source: MovieSource
  private readonly file: PictureFile
  private readonly format: VideoFormat
  private readonly config: VideoEncoderConfig
  private readonly encoder: VideoEncoder
  private movie: MovieFile | null = null
  private problem: unknown = null
  /** What is written in its order. */
  private writing: Promise<void> = Promise.resolve()
  private numEncoded = 0

  constructor(config: VideoEncoderConfig, source: MovieSource, file: PictureFile, format: VideoFormat) {
    this.source = source
    this.file = file
    this.format = format
    this.config = config
    this.encoder = new VideoEncoder({
      output: (chunk, metadata) => this.chunkCame(chunk, metadata),
      error: (problem) => {
        this.problem ??= problem
      },
    })
    this.encoder.configure(config)
  }

  async run(): Promise<void> {
    const { source, encoder } = this
    const { numFrames, framesPerSecond } = source
    const keyEvery = Math.max(1, Math.round(framesPerSecond * SECONDS_PER_KEY))
    const microseconds = (index: number) => Math.round((index * 1e6) / framesPerSecond)
    for (let index = 0; index < numFrames; index++) {
      const { canvas } = await source.draw(index)
      const duration = microseconds(index + 1) - microseconds(index)
      const frame = new VideoFrame(canvas, { timestamp: microseconds(index), duration })
      encoder.encode(frame, { keyFrame: index % keyEvery === 0 })
      frame.close()
      await this.untilFewWait()
    }
    await encoder.flush()
    await this.writing
    this.throwProblem()
    if (!this.movie || this.numEncoded !== numFrames)
      throw new Error(`${this.numEncoded} of ${numFrames} frames came back`)
    await this.file.write(this.movie.end())
  }

  close(): void {
    if (this.encoder.state !== 'closed') this.encoder.close()
  }

  private async untilFewWait(): Promise<void> {
    while (!this.problem && this.encoder.state === 'configured' && this.encoder.encodeQueueSize > MOST_WAITING)
      await new Promise((resolve) => this.encoder.addEventListener('dequeue', resolve, { once: true }))
    await this.writing
    this.throwProblem()
  }

  private throwProblem(): void {
    if (this.problem) throw this.problem
  }

  private chunkCame(chunk: EncodedVideoChunk, metadata?: EncodedVideoChunkMetadata): void {
    try {
      this.movie ??= this.container(metadata)
    } catch (problem) {
      this.problem ??= problem
      return
    }
    const bytes = new Uint8Array(chunk.byteLength)
    chunk.copyTo(bytes)
    const parts = this.movie.add({ bytes, index: this.numEncoded++, isKey: chunk.type === 'key' })
    const { numEncoded } = this
    this.writing = this.writing
      .then(() => this.file.write(parts))
      .then(
        () => this.source.done(numEncoded),
        (problem) => {
          this.problem ??= problem
        },
      )
  }

  private container(metadata?: EncodedVideoChunkMetadata): MovieFile {
    const { width, height, framesPerSecond, numFrames } = this.source
    const { application, provenance } = this.file
    const look = { width, height, framesPerSecond, numFrames, application, provenance }
    const decoder = metadata?.decoderConfig
    if (this.format === 'webm')
      return new WebmFile({
        ...look,
        codec: this.config.codec === 'vp8' ? 'V_VP8' : 'V_VP9',
        color: colorOf(decoder?.colorSpace),
      })
    if (!decoder?.description) throw new Error('the encoder does not describe its stream')
    return new Mp4File({ ...look, avcConfiguration: bytesOf(decoder.description) })
  }
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice()
  return new Uint8Array(source).slice()
}

/** Numbers of ISO/IEC 23091-4. */
const MATRICES: Readonly<Record<string, number>> = { rgb: 0, bt709: 1, bt470bg: 5, smpte170m: 6, 'bt2020-ncl': 9 }
const TRANSFERS: Readonly<Record<string, number>> = { bt709: 1, smpte170m: 6, linear: 8, 'iec61966-2-1': 13 }
const PRIMARIES: Readonly<Record<string, number>> = { bt709: 1, bt470bg: 5, smpte170m: 6, bt2020: 9 }

/** Null where the encoder says something that is not known here: players then take what is usual. */
function colorOf(space: VideoColorSpaceInit | undefined): WebmColor | null {
  const matrix = MATRICES[space?.matrix ?? '']
  const transfer = TRANSFERS[space?.transfer ?? '']
  const primaries = PRIMARIES[space?.primaries ?? '']
  if (matrix === undefined || transfer === undefined || primaries === undefined) return null
  return { matrix, transfer, primaries, isFullRange: space?.fullRange ?? false }
}
