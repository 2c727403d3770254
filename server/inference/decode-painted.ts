import { DomainError } from '../../shared/errors/domain-error.ts'
import { type PlaneDecoder, weightsOfRow } from './plane-window.ts'
import { sigmoid255 } from './sigmoid-255.ts'

/** Rounded sums of tiles differ from the weights that they are compared with by this share: the cut itself is not above it. */
const SUM_TOLERANCE = 1e-6

/** What channels paint. */
export interface PaintedChannels {
  /** Label of each channel. */
  values: readonly number[]
  /** A channel paints where its mean is above this. */
  cut: number
  /** Whether means are logits, else probabilities. */
  isLogit: boolean
}

/**
 * Labels that are painted channel after channel where its weighted mean is above the cut; later channels paint over
 * earlier ones. Where grades are asked for, the candidate is the label that was painted last, or that of the strongest
 * foreground channel where none was, with the probability of that channel.
 */
export function makePaintingDecoder({ values, cut, isLogit }: PaintedChannels): PlaneDecoder {
  const above = cut * (1 + Math.sign(cut) * SUM_TOLERANCE)
  const gradeOf = isLogit ? sigmoid255 : share255
  return (sums, weights, { paddedYx, belowYx, sizeYx }, { labels, probability, candidate }) => {
    const channelVox = paddedYx[0] * paddedYx[1]
    const rowVox = sizeYx[1]
    const row = new PaintedRow(rowVox)
    const rowWeights = new Float64Array(paddedYx[1])
    const ownWeights = rowWeights.subarray(belowYx[1], belowYx[1] + rowVox)
    for (let y = 0, at = 0; y < sizeYx[0]; y++, at += rowVox) {
      weightsOfRow(weights, y + belowYx[0], rowWeights)
      row.clear()
      for (let channel = 0; channel < values.length; channel++) {
        const from = channel * channelVox + (y + belowYx[0]) * paddedYx[1] + belowYx[1]
        const own = sums.subarray(from, from + rowVox)
        row.paint(own, values[channel], ownWeights, above)
        if (candidate && values[channel] !== 0) row.compare(own, values[channel])
      }
      labels.set(row.labels, at)
      if (!probability || !candidate) continue
      row.chooseCandidates()
      candidate.set(row.candidates, at)
      for (let x = 0; x < rowVox; x++)
        probability[at + x] = row.candidates[x] === 0 ? 0 : gradeOf(row.candidateSums[x] / ownWeights[x])
    }
  }
}

/** A row of voxels while its channels come one after the other. */
class PaintedRow {
  readonly labels: Uint16Array
  /** The strongest foreground label, then what `chooseCandidates` makes of it; 0 where there is none. */
  readonly candidates: Uint16Array
  /** Of the candidate's channel. */
  readonly candidateSums: Float32Array
  /** Of the channel that painted last. */
  private readonly paintedSums: Float32Array

  constructor(rowVox: number) {
    this.labels = new Uint16Array(rowVox)
    this.candidates = new Uint16Array(rowVox)
    this.candidateSums = new Float32Array(rowVox)
    this.paintedSums = new Float32Array(rowVox)
  }

  clear(): void {
    this.labels.fill(0)
    this.candidates.fill(0)
    this.candidateSums.fill(Number.NEGATIVE_INFINITY)
  }

  /** @throws {DomainError} `output_not_finite` */
  paint(sums: Float32Array, value: number, weights: Float64Array, above: number): void {
    const { labels, paintedSums } = this
    let notFinite = 0
    for (let x = 0; x < sums.length; x++) {
      const sum = sums[x]
      notFinite += sum - sum
      if (sum > above * weights[x]) {
        labels[x] = value
        paintedSums[x] = sum
      }
    }
    if (notFinite !== 0) throw new DomainError('output_not_finite')
  }

  /** Of equal channels the lower one stays. */
  compare(sums: Float32Array, value: number): void {
    const { candidates, candidateSums } = this
    for (let x = 0; x < sums.length; x++)
      if (sums[x] > candidateSums[x]) {
        candidateSums[x] = sums[x]
        candidates[x] = value
      }
  }

  /** A painted foreground label is the candidate. */
  chooseCandidates(): void {
    const { labels, paintedSums, candidates, candidateSums } = this
    for (let x = 0; x < labels.length; x++)
      if (labels[x] !== 0) {
        candidates[x] = labels[x]
        candidateSums[x] = paintedSums[x]
      }
  }
}

/** round(255 · p), p cut to 0 to 1. */
export function share255(p: number): number {
  return p <= 0 ? 0 : p >= 1 ? 255 : Math.round(255 * p)
}
