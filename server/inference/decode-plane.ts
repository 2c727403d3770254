import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'

/** Where the voxels of the volume lie in a padded plane. */
export interface PlaneWindow {
  paddedYx: readonly [number, number]
  belowYx: readonly [number, number]
  sizeYx: readonly [number, number]
}

/** What one final plane becomes; [y, x] over the volume's plane. */
export interface DecodedPlane {
  labels: LabelArray
  /** round(255 · p) of the best foreground label; null where it is not kept. */
  probability: Uint8Array | null
  /** The best foreground label itself. */
  candidate: LabelArray | null
}

/**
 * Turns the weighted sums of one final plane into labels.
 * @param sums    [channel, y, x] over the padded plane. Not changed.
 * @param weights sum of the tile weights of this plane, [y, x] over the padded plane; only read where means are needed
 * @param into    overwritten
 * @throws {DomainError} `output_not_finite`
 */
export type PlaneDecoder = (sums: Float32Array, weights: WeightOf, window: PlaneWindow, into: DecodedPlane) => void

/** Sum of the tile weights at a padded y, x of the current plane. */
export type WeightOf = (y: number, x: number) => number

/**
 * The decoding that a model asks for: argmax, regions painted in order, or one thresholded channel.
 * @param threshold where given, the labels are the candidates whose stored probability reaches it (0 to 1)
 */
export function makeDecoder(manifest: ModelManifest, threshold: number | null = null): PlaneDecoder {
  const decode = labelDecoder(manifest)
  const grade = foregroundGrader(manifest)
  return (sums, weights, window, into) => {
    decode(sums, weights, window, into.labels)
    const { probability, candidate } = into
    if (!probability || !candidate) {
      if (threshold !== null) throw new Error('a threshold needs planes of probability and candidate')
      return
    }
    grade(sums, weights, window, into.labels, probability, candidate)
    if (threshold !== null) applyThreshold(into.labels, probability, candidate, threshold)
  }
}

/** Keeps the candidate where its stored probability, a 255th, reaches the threshold. */
export function applyThreshold(
  labels: LabelArray,
  probability: ArrayLike<number>,
  candidate: ArrayLike<number>,
  threshold: number,
): void {
  for (let i = 0; i < labels.length; i++) labels[i] = probability[i] / 255 >= threshold ? candidate[i] : 0
}

type LabelDecoder = (sums: Float32Array, weights: WeightOf, window: PlaneWindow, labels: LabelArray) => void

function labelDecoder(manifest: ModelManifest): LabelDecoder {
  const { mode, threshold } = manifest.decode
  if (mode === 'argmax') return argmaxDecoder(manifest.labels.map((label) => label.value))
  const probability = mode === 'threshold' ? (threshold ?? 0.5) : 0.5
  const cut = manifest.output.activation === 'none' ? Math.log(probability / (1 - probability)) : probability
  return paintingDecoder(paintedLabels(manifest), cut)
}

/** Label of each channel where channels are painted. */
function paintedLabels({ decode, labels }: ModelManifest): number[] {
  if (decode.mode === 'regions') return decode.regions_order ?? []
  return [labels.find((label) => label.value !== 0)?.value ?? 1]
}

type Grader = (
  sums: Float32Array,
  weights: WeightOf,
  window: PlaneWindow,
  labels: LabelArray,
  probability: Uint8Array,
  candidate: LabelArray,
) => void

/**
 * Finds the best foreground label and its probability: under argmax the share of the best foreground channel (softmax of
 * the mean logits), else the sigmoid of the channel that was painted, or of the strongest where none was.
 */
function foregroundGrader(manifest: ModelManifest): Grader {
  const isArgmax = manifest.decode.mode === 'argmax'
  const values = isArgmax ? manifest.labels.map((label) => label.value) : paintedLabels(manifest)
  const isLogit = manifest.output.activation === 'none'
  if (isArgmax && isLogit) return softmaxGrader(values)
  const means = new Float64Array(values.length)
  return (sums, weights, { paddedYx, belowYx, sizeYx }, labels, probability, candidate) => {
    const channelVox = paddedYx[0] * paddedYx[1]
    for (let y = 0, at = 0; y < sizeYx[0]; y++) {
      const row = (y + belowYx[0]) * paddedYx[1] + belowYx[1]
      for (let x = 0; x < sizeYx[1]; x++, at++) {
        const weight = weights(y + belowYx[0], x + belowYx[1])
        const label = labels[at]
        let best = -1
        for (let channel = 0; channel < values.length; channel++) {
          const mean = sums[channel * channelVox + row + x] / weight
          means[channel] = mean
          const value = values[channel]
          if (value === 0) continue
          if (label === value || (label === 0 && (best < 0 || mean > means[best]))) best = channel
        }
        const p = best < 0 ? 0 : isArgmax ? shareOf(means, best) : isLogit ? sigmoid(means[best]) : means[best]
        probability[at] = p <= 0 ? 0 : p >= 1 ? 255 : Math.round(255 * p)
        candidate[at] = best < 0 ? 0 : values[best]
      }
    }
  }
}

/** A share of probabilities that the network gave itself. */
function shareOf(means: Float64Array, channel: number): number {
  let total = 0
  for (let i = 0; i < means.length; i++) total += Math.max(means[i], 0)
  return means[channel] / Math.max(total, Number.MIN_VALUE)
}

/** 255 / (1 + exp(6.24)) is below 0.5: another channel that far above leaves nothing of a 255th. */
const FAR_ABOVE = 6.24

/** exp(−12) = 6e-6 changes no 255th: what lies that far below needs no exponential. */
const FAR_BELOW = -12

/** The softmax of mean logits, with as few exponentials as its 255 steps need. */
function softmaxGrader(values: number[]): Grader {
  const numChannels = values.length
  const background = values.indexOf(0)
  const first = background === 0 ? 1 : 0
  const channelOf = new Uint16Array(Math.max(...values) + 1)
  for (const [channel, value] of values.entries()) channelOf[value] = channel
  return (sums, weights, { paddedYx, belowYx, sizeYx }, labels, probability, candidate) => {
    const channelVox = paddedYx[0] * paddedYx[1]
    for (let y = 0, at = 0; y < sizeYx[0]; y++) {
      const row = (y + belowYx[0]) * paddedYx[1] + belowYx[1]
      for (let x = 0; x < sizeYx[1]; x++, at++) {
        const from = row + x
        const label = labels[at]
        let best = label === 0 ? first : channelOf[label]
        let own = sums[best * channelVox + from]
        if (label === 0)
          for (let channel = first + 1; channel < numChannels; channel++) {
            const value = sums[channel * channelVox + from]
            if (value > own && channel !== background) {
              own = value
              best = channel
            }
          }
        candidate[at] = values[best]
        probability[at] = share255(sums, from, channelVox, numChannels, best, weights(y + belowYx[0], x + belowYx[1]))
      }
    }
  }
}

/** round(255 · softmax) of one channel of a voxel. */
function share255(
  sums: Float32Array,
  from: number,
  channelVox: number,
  numChannels: number,
  best: number,
  weight: number,
): number {
  const own = sums[best * channelVox + from]
  const above = FAR_ABOVE * weight
  const below = FAR_BELOW * weight
  let total = 1
  for (let channel = 0, i = from; channel < numChannels; channel++, i += channelVox) {
    const difference = sums[i] - own
    if (difference > above) return 0
    if (difference > below && channel !== best) total += Math.exp(difference / weight)
  }
  return Math.round(255 / total)
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

/** Labels are scale-invariant under argmax, so the weights are not divided out. Ties go to the lower channel, as numpy's. */
function argmaxDecoder(values: number[]): LabelDecoder {
  return (sums, _weights, { paddedYx, belowYx, sizeYx }, labels) => {
    const channelVox = paddedYx[0] * paddedYx[1]
    for (let y = 0, at = 0; y < sizeYx[0]; y++) {
      const row = (y + belowYx[0]) * paddedYx[1] + belowYx[1]
      for (let x = 0; x < sizeYx[1]; x++, at++) {
        let best = sums[row + x]
        let bestChannel = 0
        let total = best
        for (let channel = 1; channel < values.length; channel++) {
          const value = sums[channel * channelVox + row + x]
          total += value
          if (value > best) {
            best = value
            bestChannel = channel
          }
        }
        if (total - total !== 0) throw new DomainError('output_not_finite')
        labels[at] = values[bestChannel]
      }
    }
  }
}

/** Rounded sums of tiles differ from the weights that they are compared with by this share: the cut itself is not above it. */
const SUM_TOLERANCE = 1e-6

/** Paints channel after channel where its weighted mean is above the cut; later channels paint over earlier ones. */
function paintingDecoder(values: number[], cut: number): LabelDecoder {
  const above = cut * (1 + Math.sign(cut) * SUM_TOLERANCE)
  return (sums, weights, { paddedYx, belowYx, sizeYx }, labels) => {
    const channelVox = paddedYx[0] * paddedYx[1]
    labels.fill(0)
    for (let y = 0, at = 0; y < sizeYx[0]; y++) {
      const row = (y + belowYx[0]) * paddedYx[1] + belowYx[1]
      for (let x = 0; x < sizeYx[1]; x++, at++) {
        const limit = above * weights(y + belowYx[0], x + belowYx[1])
        for (let channel = 0; channel < values.length; channel++) {
          const value = sums[channel * channelVox + row + x]
          if (value - value !== 0) throw new DomainError('output_not_finite')
          if (value > limit) labels[at] = values[channel]
        }
      }
    }
  }
}
