import { DomainError } from '../../shared/errors/domain-error.ts'
import { ArgmaxBands } from './argmax-bands.ts'
import type { DecodedPlane, PlaneDecoder, PlaneWindow, WeightOf } from './plane-window.ts'

/** A voxel of a padded plane of sums. */
export interface SumsOfVoxel {
  /** [channel, y, x] */
  sums: Float32Array
  channelVox: number
  /** Where the first channel's lies. */
  from: number
  weight: number
}

/** What an argmax says of a voxel. */
export interface GradedVoxel {
  label: number
  candidate: number
  /** round(255 · p) of the candidate. */
  probability: number
}

/** The voxel by its definition, with a power for every channel. @throws {DomainError} `output_not_finite` */
export type GradeVoxel = (voxel: SumsOfVoxel) => GradedVoxel

/**
 * Labels under argmax, and where they are asked for grades by a softmax of the mean logits.
 *
 * The label is the largest channel (a tie goes to the lower one, as numpy's), the candidate the largest foreground. Where
 * the label is foreground the two are the same. Labels are scale-invariant: the weights are not divided out.
 * @param values label of each channel
 */
export function makeArgmaxDecoder(values: number[]): PlaneDecoder {
  const grade = voxelGrader(values)
  const bands = new ArgmaxBands(values, grade)
  return (sums, weights, window, into) => {
    if (!bands.decode(sums, weights, window, into)) voxelByVoxel(grade, sums, weights, window, into)
  }
}

/** The same where there are no vectors, or a value is not finite: it may lie in the padding, or else is refused. */
function voxelByVoxel(
  grade: GradeVoxel,
  sums: Float32Array,
  weights: WeightOf,
  { paddedYx, belowYx, sizeYx }: PlaneWindow,
  { labels, probability, candidate }: DecodedPlane,
): void {
  const channelVox = paddedYx[0] * paddedYx[1]
  for (let y = 0, at = 0; y < sizeYx[0]; y++)
    for (let x = 0; x < sizeYx[1]; x++, at++) {
      const [py, px] = [y + belowYx[0], x + belowYx[1]]
      const graded = grade({ sums, channelVox, from: py * paddedYx[1] + px, weight: weights(py, px) })
      labels[at] = graded.label
      if (probability) probability[at] = graded.probability
      if (candidate) candidate[at] = graded.candidate
    }
}

function voxelGrader(values: number[]): GradeVoxel {
  const background = values.indexOf(0)
  const foreground = [...values.keys()].filter((channel) => channel !== background)
  return (voxel) => {
    const { sums, channelVox, from } = voxel
    const largestOf = (channels: Iterable<number>) => {
      let best = -1
      for (const channel of channels)
        if (best < 0 || sums[from + channel * channelVox] > sums[from + best * channelVox]) best = channel
      return best
    }
    for (const channel of values.keys())
      if (!Number.isFinite(sums[from + channel * channelVox])) throw new DomainError('output_not_finite')
    const best = largestOf(foreground)
    const probability = share255(voxel, values.length, best)
    return { label: values[largestOf(values.keys())], candidate: values[best], probability }
  }
}

/** round(255 · softmax) of one channel. */
function share255({ sums, channelVox, from, weight }: SumsOfVoxel, numChannels: number, best: number): number {
  const own = sums[best * channelVox + from]
  let total = 1
  for (let channel = 0; channel < numChannels; channel++)
    if (channel !== best) total += Math.exp((sums[from + channel * channelVox] - own) / weight)
  return Math.round(255 / total)
}
