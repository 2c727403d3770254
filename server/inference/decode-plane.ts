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
export interface WeightOf {
  (y: number, x: number): number
  /** The same for every x of a padded y, bit for bit, in fewer steps. */
  row?(y: number, into: Float64Array): void
}

/** Weights of a row. @param into overwritten; as long as the padded plane is wide */
function weightsOfRow(weights: WeightOf, y: number, into: Float64Array): void {
  if (weights.row) weights.row(y, into)
  else for (let x = 0; x < into.length; x++) into[x] = weights(y, x)
}

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
    return softmaxDecoder(labels.map(({ value }) => value))
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

/**
 * Labels and grades under argmax of logits, in one pass over the channels.
 *
 * The label is the largest channel (a tie goes to the lower one, as numpy's), the candidate the largest foreground. Where
 * the label is foreground the two are the same. Labels are scale-invariant: the weights are not divided out.
 */
function softmaxDecoder(values: number[]): PlaneDecoder {
  const background = values.indexOf(0)
  const foreground = Int32Array.from(values.keys()).filter((channel) => channel !== background)
  const share = makeShare255(values.length)
  return (sums, weights, { paddedYx, belowYx, sizeYx }, { labels, probability, candidate }) => {
    if (!probability || !candidate) throw new Error('grades need planes of probability and candidate')
    const channelVox = paddedYx[0] * paddedYx[1]
    const rowWeights = new Float64Array(paddedYx[1])
    for (let y = 0, at = 0; y < sizeYx[0]; y++) {
      const row = (y + belowYx[0]) * paddedYx[1] + belowYx[1]
      weightsOfRow(weights, y + belowYx[0], rowWeights)
      for (let x = 0; x < sizeYx[1]; x++, at++) {
        const from = row + x
        const empty = background < 0 ? Number.NEGATIVE_INFINITY : sums[background * channelVox + from]
        let best = foreground[0]
        let own = sums[best * channelVox + from]
        let total = background < 0 ? own : own + empty
        for (let i = 1; i < foreground.length; i++) {
          const value = sums[foreground[i] * channelVox + from]
          total += value
          if (value > own) {
            own = value
            best = foreground[i]
          }
        }
        if (total - total !== 0) throw new DomainError('output_not_finite')
        const weight = rowWeights[x + belowYx[1]]
        labels[at] = own > empty || (own === empty && best < background) ? values[best] : 0
        candidate[at] = values[best]
        probability[at] = empty - own > FAR_ABOVE * weight ? 0 : share(sums, from, channelVox, best, weight)
      }
    }
  }
}

/** Powers of e are kept every 64th. Three terms of the series between them are right to 1e-7. */
const STEPS_PER_UNIT = 64
const FIRST_STEP = FAR_BELOW * STEPS_PER_UNIT
const NUM_STEPS = Math.ceil((FAR_ABOVE - FAR_BELOW) * STEPS_PER_UNIT) + 2

/** A 1e-7th of 255 is 2.6e-5: a share that is nearer to a half than this is rounded with exact powers. */
const NEAR_HALF = 1e-4

/** round(255 · softmax) of one channel of a voxel that no other is far above: the number that exact powers give. */
function makeShare255(numChannels: number) {
  const powers = Float64Array.from({ length: NUM_STEPS }, (_, i) => Math.exp((i + FIRST_STEP) / STEPS_PER_UNIT))
  return (sums: Float32Array, from: number, channelVox: number, best: number, weight: number): number => {
    const own = sums[from + best * channelVox]
    const below = FAR_BELOW * weight
    const stepsPerSum = STEPS_PER_UNIT / weight
    let total = 1
    for (let channel = 0, i = from; channel < numChannels; channel++, i += channelVox) {
      const difference = sums[i] - own
      if (difference > below && channel !== best) {
        const position = difference * stepsPerSum - FIRST_STEP
        const step = (position + 0.5) | 0
        const rest = (position - step) / STEPS_PER_UNIT
        total += powers[step] * (1 + rest * (1 + 0.5 * rest))
      }
    }
    const share = 255 / total + 0.5
    const rounded = share | 0
    const isClear = share - rounded > NEAR_HALF && share - rounded < 1 - NEAR_HALF
    return isClear ? rounded : exactShare255(sums, from, channelVox, numChannels, best, weight)
  }
}

/** round(255 · softmax) of one channel of a voxel that no other is far above. */
function exactShare255(
  sums: Float32Array,
  from: number,
  channelVox: number,
  numChannels: number,
  best: number,
  weight: number,
): number {
  const own = sums[best * channelVox + from]
  const below = FAR_BELOW * weight
  let total = 1
  for (let channel = 0, i = from; channel < numChannels; channel++, i += channelVox) {
    const difference = sums[i] - own
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
