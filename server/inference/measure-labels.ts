import { DomainError } from '../../shared/errors/domain-error.ts'
import { LabelStatistics } from '../../shared/mask/label-statistics.ts'
import type { VolumeHeader } from '../../shared/volume/header.ts'
import type { LabelFile } from './label-file.ts'

/**
 * Surface and objects of the labels of a finished run, in one pass over the file.
 * @param header of the volume, whose grid the labels have
 * @throws {DomainError} `canceled`
 */
export async function measureLabels(
  labels: LabelFile,
  header: VolumeHeader,
  signal: AbortSignal,
): Promise<LabelStatistics> {
  const statistics = new LabelStatistics({ ...header, shapeZyx: labels.shapeZyx })
  const [sizeZ, sizeY, sizeX] = labels.shapeZyx
  for (let z = 0; z < sizeZ; z++) {
    if (signal.aborted) throw new DomainError('canceled')
    statistics.add(await labels.readBox([z, 0, 0], [1, sizeY, sizeX]))
  }
  return statistics
}
