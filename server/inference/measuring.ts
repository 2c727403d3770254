import { DomainError } from '../../shared/errors/domain-error.ts'
import { type LabelReport, LabelStatistics } from '../../shared/mask/label-statistics.ts'
import type { LabelArray } from '../../shared/mask/preview-rule.ts'
import type { VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'
import type { LabelFile } from './label-file.ts'

/** What is measured: the grid of the mask, and the labels that are told of. */
export interface MeasuredMask {
  header: Pick<VolumeHeader, 'shapeZyx' | 'voxelSizeZyx' | 'unit' | 'affine'>
  values: readonly number[]
}

/** Surfaces, objects and sizes of the labels of a mask. Plain data. */
export interface MaskMeasures {
  frame: ReturnType<LabelStatistics['frame']>
  /** One for each asked value, in that order. */
  labels: (LabelReport | Pick<LabelReport, 'voxels' | 'share' | 'volume'>)[]
  warnings: VolumeWarning[]
}

/** Measures a mask from its planes: adding (`add` once per plane, in ascending z) → `end` → closed. */
export interface Measuring {
  /** Resolves when the next plane may come. The plane is not kept. */
  add(plane: LabelArray): Promise<void>
  /** @throws RangeError while planes are missing */
  end(): Promise<MaskMeasures>
  close(): Promise<void>
}

export type StartMeasuring = (mask: MeasuredMask) => Measuring

/** In this thread. */
export const measureHere: StartMeasuring = ({ header, values }) => {
  const statistics = new LabelStatistics(header)
  return {
    add: async (plane) => statistics.add(plane),
    end: async () => ({
      frame: statistics.frame(),
      labels: values.map((value) => statistics.label(value)),
      warnings: statistics.warnings,
    }),
    close: async () => undefined,
  }
}

/** Measures a finished label map in one pass over its file. @throws {DomainError} `canceled` */
export async function measureFile(measuring: Measuring, labels: LabelFile, signal: AbortSignal): Promise<MaskMeasures> {
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  for (let z = 0; z < sizeZ; z++) {
    if (signal.aborted) throw new DomainError('canceled')
    await measuring.add(await labels.readBox([z, 0, 0], [1, sizeY, sizeX]))
  }
  return measuring.end()
}
