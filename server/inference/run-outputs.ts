import type { Axes } from './axis-order.ts'
import type { LabelFile } from './label-file.ts'
import { PlaneWriter } from './plane-writer.ts'
import { PreviewBuilder } from './preview-builder.ts'
import type { FinishedPlane } from './segmenter.ts'

/** The files that grow while the window moves. */
export interface Outputs {
  labels: LabelFile
  probability: LabelFile | null
  candidate: LabelFile | null
}

/** Writes planes, in the order in which they come, into each file. @param ofFile as `PlaneWriter` takes it */
export function outputWriter(
  { labels, probability, candidate }: Outputs,
  ofFile: Axes,
): (plane: FinishedPlane) => Promise<void> {
  const toLabels = new PlaneWriter(labels, ofFile)
  const toProbability = probability && new PlaneWriter(probability, ofFile)
  const toCandidate = candidate && new PlaneWriter(candidate, ofFile)
  return async (plane) => {
    await toLabels.add(plane.labels)
    if (plane.probability) await toProbability?.add(plane.probability)
    if (plane.candidate) await toCandidate?.add(plane.candidate)
  }
}

/** The preview of a complete label map. */
export async function previewOf(labels: LabelFile, factor: number): Promise<PreviewBuilder> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  const preview = new PreviewBuilder(labels.shapeZyx, factor, labels.dtype)
  for (let z = 0; z < sizeZ; z++) preview.add(await labels.readBox([z, 0, 0], [1, sizeY, sizeX]))
  return preview
}
