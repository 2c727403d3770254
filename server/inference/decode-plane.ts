import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import { makeArgmaxDecoder } from './decode-argmax.ts'
import type { PlaneDecoder, PlaneWindow, WeightOf } from './plane-window.ts'

/**
 * The decoding that a model asks for: argmax, regions painted in order, or one thresholded channel.
 * @param threshold where given, the labels are the candidates whose stored probability reaches it (0 to 1)
 */
export function makeDecoder(manifest: ModelManifest, threshold: number | null = null): PlaneDecoder {
  const decode = labelDecoder(manifest)
  const decodeAndGrade = gradingDecoder(manifest)
  return (sums, weights, window, into) => {
    const { labels, probability, candidate } = into
    if (probability && candidate) {
      decodeAndGrade(sums, weights, window, into)
      if (threshold !== null) applyThreshold(labels, probability, candidate, threshold)
    } else {
      if (threshold !== null) throw new Error('a threshold needs planes of probability and candidate')
      decode(sums, weights, window, labels)
    }
  }
}

/** Labels, probabilities and candidates. */
function gradingDecoder(manifest: ModelManifest): PlaneDecoder {
  const { labels, decode, output } = manifest
  if (decode.mode === 'argmax' && output.activation === 'none' && labels.length > 1)
    return makeArgmaxDecoder(labels.map(({ value }) => value))
  const label = labelDecoder(manifest)
  const grade = foregroundGrader(manifest)
  return (sums, weights, window, into) => {
    label(sums, weights, window, into.labels)
    if (into.probability && into.candidate) grade(sums, weights, window, into.labels, into.probability, into.candidate)
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
  if (mode === 'argmax') {
    const decode = makeArgmaxDecoder(manifest.labels.map((label) => label.value))
    return (sums, weights, window, labels) =>
      decode(sums, weights, window, { labels, probability: null, candidate: null })
  }
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

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
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
