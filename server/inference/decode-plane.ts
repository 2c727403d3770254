import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import { makeArgmaxDecoder } from './decode-argmax.ts'
import { makePaintingDecoder, share255 } from './decode-painted.ts'
import { type DecodedPlane, type PlaneDecoder, type PlaneWindow, type WeightOf, weightsOfRow } from './plane-window.ts'

/**
 * The decoding that a model asks for: argmax, regions painted in order, or one thresholded channel.
 * @param threshold where given, the labels are the candidates whose stored probability reaches it (0 to 1)
 */
export function makeDecoder(manifest: ModelManifest, threshold: number | null = null): PlaneDecoder {
  const decode = manifest.decode.mode === 'argmax' ? argmaxDecoder(manifest) : paintingDecoder(manifest)
  return (sums, weights, window, into) => {
    const { labels, probability, candidate } = into
    const isGraded = probability !== null && candidate !== null
    if (threshold !== null && !isGraded) throw new Error('a threshold needs planes of probability and candidate')
    decode(sums, weights, window, into)
    if (threshold !== null && isGraded) applyThreshold(labels, probability, candidate, threshold)
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

function paintingDecoder({ decode, labels, output }: ModelManifest): PlaneDecoder {
  const isLogit = output.activation === 'none'
  const probability = decode.mode === 'threshold' ? (decode.threshold ?? 0.5) : 0.5
  const cut = isLogit ? Math.log(probability / (1 - probability)) : probability
  const foreground = labels.find((label) => label.value !== 0)?.value ?? 1
  const values = decode.mode === 'regions' ? (decode.regions_order ?? []) : [foreground]
  return makePaintingDecoder({ values, cut, isLogit })
}

function argmaxDecoder({ labels, output }: ModelManifest): PlaneDecoder {
  const values = labels.map(({ value }) => value)
  const decode = makeArgmaxDecoder(values)
  if (output.activation === 'none' && values.length > 1) return decode
  return (sums, weights, window, into) => {
    decode(sums, weights, window, { ...into, probability: null, candidate: null })
    gradeShares(values, sums, weights, window, into)
  }
}

/**
 * Grades of probabilities that the network gave itself: the candidate is the label, or the largest foreground channel
 * where that is background, with its share of all channels.
 */
function gradeShares(
  values: readonly number[],
  sums: Float32Array,
  weights: WeightOf,
  { paddedYx, belowYx, sizeYx }: PlaneWindow,
  { labels, probability, candidate }: DecodedPlane,
): void {
  if (!probability || !candidate) return
  const channelVox = paddedYx[0] * paddedYx[1]
  const rowWeights = new Float64Array(paddedYx[1])
  for (let y = 0, at = 0; y < sizeYx[0]; y++) {
    weightsOfRow(weights, y + belowYx[0], rowWeights)
    const row = (y + belowYx[0]) * paddedYx[1]
    for (let x = belowYx[1]; x < belowYx[1] + sizeYx[1]; x++, at++) {
      const label = labels[at]
      let best = -1
      let most = 0
      let total = 0
      for (let channel = 0; channel < values.length; channel++) {
        const mean = sums[channel * channelVox + row + x] / rowWeights[x]
        total += Math.max(mean, 0)
        const value = values[channel]
        if (value === 0) continue
        if (label === value || (label === 0 && (best < 0 || mean > most))) {
          best = channel
          most = mean
        }
      }
      candidate[at] = best < 0 ? 0 : values[best]
      probability[at] = best < 0 ? 0 : share255(most / Math.max(total, Number.MIN_VALUE))
    }
  }
}
