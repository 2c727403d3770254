import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'

/** Where the voxels of the volume lie in a padded plane. */
export interface PlaneWindow {
  paddedYx: readonly [number, number]
  belowYx: readonly [number, number]
  sizeYx: readonly [number, number]
}

/**
 * Turns the weighted sums of one final plane into labels.
 * @param sums    [channel, y, x] over the padded plane. Not changed.
 * @param weights sum of the tile weights of this plane, [y, x] over the padded plane; only read where the decoding needs means
 * @param labels  [y, x] over the volume's plane; overwritten
 * @throws {DomainError} `output_not_finite`
 */
export type PlaneDecoder = (sums: Float32Array, weights: WeightOf, window: PlaneWindow, labels: LabelArray) => void

/** Sum of the tile weights at a padded y, x of the current plane. */
export type WeightOf = (y: number, x: number) => number

/** The decoding that a model asks for: argmax, regions painted in order, or one thresholded channel. */
export function makeDecoder(manifest: ModelManifest): PlaneDecoder {
  const { mode, threshold, regions_order: regionsOrder } = manifest.decode
  if (mode === 'argmax') return argmaxDecoder(manifest.labels.map((label) => label.value))
  const foreground =
    mode === 'regions' ? (regionsOrder ?? []) : [manifest.labels.find((label) => label.value !== 0)?.value ?? 1]
  const probability = mode === 'threshold' ? (threshold ?? 0.5) : 0.5
  const cut = manifest.output.activation === 'none' ? Math.log(probability / (1 - probability)) : probability
  return paintingDecoder(foreground, cut)
}

/** Labels are scale-invariant under argmax, so the weights are not divided out. Ties go to the lower channel, as numpy's. */
function argmaxDecoder(values: number[]): PlaneDecoder {
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

/** Paints channel after channel where its weighted mean is above the cut; later channels paint over earlier ones. */
function paintingDecoder(values: number[], cut: number): PlaneDecoder {
  return (sums, weights, { paddedYx, belowYx, sizeYx }, labels) => {
    const channelVox = paddedYx[0] * paddedYx[1]
    labels.fill(0)
    for (let y = 0, at = 0; y < sizeYx[0]; y++) {
      const row = (y + belowYx[0]) * paddedYx[1] + belowYx[1]
      for (let x = 0; x < sizeYx[1]; x++, at++) {
        const limit = cut * weights(y + belowYx[0], x + belowYx[1])
        for (let channel = 0; channel < values.length; channel++) {
          const value = sums[channel * channelVox + row + x]
          if (value - value !== 0) throw new DomainError('output_not_finite')
          if (value > limit) labels[at] = values[channel]
        }
      }
    }
  }
}
