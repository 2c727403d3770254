import type { GradeVoxel } from './decode-argmax.ts'
import { type ArgmaxPlaces, argmaxKernel, type DecodeArgmax, NOT_FINITE, UNCLEAR } from './kernels/argmax-kernel.ts'
import { type SharedMemory, sharedMemory } from './kernels/wasm-runtime.ts'
import { type DecodedPlane, type PlaneWindow, type WeightOf, weightsOfRow } from './plane-window.ts'

/** Voxels of a band, or one row: a band of four channels stays in a core's cache. */
const BAND_VOX = 8192

const VECTOR_BYTES = 16

/**
 * A share that is nearer to a half than this is made with exact powers. Exponents of float32 are right to 2.4e-7 of
 * themselves, which changes a share by at most 1e-4 for the background and 2.3e-5 for each channel below; sums round.
 */
const NEAR_HALF = 2e-4
const NEAR_HALF_PER_CHANNEL = 5e-5

/** Decodes planes band by band in a memory that the kernel reaches. */
export class ArgmaxBands {
  private readonly values: number[]
  private readonly grade: GradeVoxel
  private band: Band | null = null
  private hasKernel = true

  constructor(values: number[], grade: GradeVoxel) {
    this.values = values
    this.grade = grade
  }

  /** @returns false where the kernel cannot: what was written then means nothing */
  decode(sums: Float32Array, weights: WeightOf, window: PlaneWindow, into: DecodedPlane): boolean {
    const band = this.bandFor(window, into)
    if (!band) return false
    const { paddedYx, belowYx, sizeYx } = window
    for (let y = 0; y < sizeYx[0]; y += band.numRows) {
      const numRows = Math.min(band.numRows, sizeYx[0] - y)
      const firstRow = y + belowYx[0]
      const met = band.decode(sums, weights, paddedYx[0] * paddedYx[1], firstRow, numRows, into)
      if (met & NOT_FINITE) return false
      band.copy(numRows, belowYx[1], sizeYx[1], into, y * sizeYx[1])
      if (met & UNCLEAR) this.makeClear(band, sums, weights, window, into, y, numRows)
    }
    return true
  }

  private bandFor({ paddedYx }: PlaneWindow, { labels }: DecodedPlane): Band | null {
    if (!this.hasKernel) return null
    const isFit = this.band?.rowLength === paddedYx[1]
    if (!isFit) this.band = Band.create(this.values, paddedYx[1], labels.BYTES_PER_ELEMENT === 2)
    this.hasKernel = this.band !== null
    return this.band
  }

  /** Voxels whose rounding hangs on more digits than the kernel has. */
  private makeClear(
    band: Band,
    sums: Float32Array,
    weights: WeightOf,
    { paddedYx, belowYx, sizeYx }: PlaneWindow,
    { probability }: DecodedPlane,
    firstY: number,
    numRows: number,
  ): void {
    if (!probability) return
    const channelVox = paddedYx[0] * paddedYx[1]
    for (let row = 0; row < numRows; row++) {
      const first = row * paddedYx[1] + belowYx[1]
      const unclear = band.unclear.subarray(first, first + sizeYx[1])
      for (let x = unclear.indexOf(1); x >= 0; x = unclear.indexOf(1, x + 1)) {
        const [py, px] = [firstY + row + belowYx[0], x + belowYx[1]]
        const voxel = { sums, channelVox, from: py * paddedYx[1] + px, weight: weights(py, px) }
        probability[(firstY + row) * sizeYx[1] + x] = this.grade(voxel).probability
      }
    }
  }
}

/** Rows of a plane in the kernel's memory. */
class Band {
  readonly numRows: number
  readonly unclear: Uint8Array
  readonly rowLength: number
  private readonly places: ArgmaxPlaces
  private readonly run: DecodeArgmax
  private readonly channels: Float32Array[]
  private readonly rowWeights: Float32Array[]
  private readonly labels: Uint8Array | Uint16Array
  private readonly candidate: Uint8Array | Uint16Array
  private readonly probability: Uint8Array

  private constructor(
    memory: SharedMemory,
    run: DecodeArgmax,
    places: ArgmaxPlaces,
    rowLength: number,
    numRows: number,
  ) {
    const numVox = places.channelBytes / 4
    const { buffer } = memory
    const labelsAt = (place: number) =>
      places.isWide ? new Uint16Array(buffer, place, numVox) : new Uint8Array(buffer, place, numVox)
    this.run = run
    this.places = places
    this.rowLength = rowLength
    this.numRows = numRows
    this.channels = Array.from(
      { length: places.numChannels },
      (_, channel) => new Float32Array(buffer, places.sums + channel * places.channelBytes, numVox),
    )
    this.rowWeights = Array.from(
      { length: numRows },
      (_, row) => new Float32Array(buffer, places.weights + 4 * row * rowLength, rowLength),
    )
    this.labels = labelsAt(places.labels)
    this.candidate = labelsAt(places.candidate)
    this.probability = new Uint8Array(buffer, places.probability, numVox)
    this.unclear = new Uint8Array(buffer, places.unclear, numVox)
  }

  /** Null where there are no vectors, or no memory that they reach. */
  static create(values: number[], rowLength: number, isWide: boolean): Band | null {
    const numRows = Math.max(1, Math.floor(BAND_VOX / rowLength))
    const channelBytes = wholeVectors(4 * numRows * rowLength)
    const numVox = channelBytes / 4
    let end = 0
    const place = (bytes: number) => {
      const start = end
      end += wholeVectors(bytes)
      return start
    }
    const places: ArgmaxPlaces = {
      nearHalf: place(4),
      values: place(4 * values.length),
      sums: place(channelBytes * values.length),
      weights: place(channelBytes),
      labels: place(2 * numVox),
      candidate: place(2 * numVox),
      probability: place(numVox),
      unclear: place(numVox),
      ...{
        channelBytes,
        numChannels: values.length,
        background: values.indexOf(0),
        numBytes: 0,
        isWide: isWide ? 1 : 0,
      },
    }
    try {
      const memory = sharedMemory(end)
      const run = argmaxKernel(memory)
      if (!run) return null
      new Float32Array(memory.buffer, places.nearHalf, 1)[0] = NEAR_HALF + NEAR_HALF_PER_CHANNEL * values.length
      new Int32Array(memory.buffer, places.values, values.length).set(values)
      new Float32Array(memory.buffer, places.weights, numVox).fill(1)
      return new Band(memory, run, places, rowLength, numRows)
    } catch (error) {
      if (error instanceof RangeError) return null
      throw error
    }
  }

  /** @returns bits of what the kernel met */
  decode(
    sums: Float32Array,
    weights: WeightOf,
    channelVox: number,
    firstRow: number,
    numRows: number,
    { probability }: DecodedPlane,
  ): number {
    const { rowLength } = this
    const [from, length] = [firstRow * rowLength, numRows * rowLength]
    for (const [channel, place] of this.channels.entries())
      place.set(sums.subarray(channel * channelVox + from, channel * channelVox + from + length))
    if (probability) for (let row = 0; row < numRows; row++) weightsOfRow(weights, firstRow + row, this.rowWeights[row])
    const numBytes = wholeVectors(4 * length)
    return this.run({ ...this.places, numBytes, ...(probability ? {} : { probability: 0 }) })
  }

  /** Copies what is of the volume: `size` voxels of each row behind the first `below`. */
  copy(
    numRows: number,
    below: number,
    size: number,
    { labels, probability, candidate }: DecodedPlane,
    to: number,
  ): void {
    const isWhole = size === this.rowLength
    const [numParts, length] = isWhole ? [1, numRows * size] : [numRows, size]
    for (let part = 0; part < numParts; part++) {
      const from = part * this.rowLength + below
      const at = to + part * size
      labels.set(this.labels.subarray(from, from + length), at)
      if (probability) probability.set(this.probability.subarray(from, from + length), at)
      if (candidate) candidate.set(this.candidate.subarray(from, from + length), at)
    }
  }
}

function wholeVectors(bytes: number): number {
  return Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES
}
