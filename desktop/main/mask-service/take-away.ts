import { stat } from 'node:fs/promises'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { LabelBricks } from '../../../shared/mask/edit/label-bricks.ts'
import { type TakenMask, writeCoordinates, writeStatistics, writeSurface } from '../../../shared/node/take-away.ts'
import { writeProvenance } from '../../../shared/node/write-export.ts'
import { writeMovie } from '../../../shared/node/write-movie.ts'
import { writeOmeZarr } from '../../../shared/node/write-ome-zarr.ts'
import { writeReport } from '../../../shared/node/write-report.ts'
import type { VolumeWarning } from '../../../shared/volume/header.ts'
import type { TakeKind } from '../mask-service-messages.ts'
import { volumeBaseName } from '../volume-name.ts'
import { PlaneBands } from '../volume-service/plane-bands.ts'
import { provenanceOf, type SavedMask, wholeMask } from './save-mask.ts'

/**
 * Writes what is made of a mask beside its voxels, and the provenance beside that.
 * @throws {DomainError} what `writeSurface`, `writeCoordinates` and `writeStatistics` throw
 */
export async function takeAway(
  mask: SavedMask,
  { kind, file, labels }: { kind: TakeKind; file: string; labels: number[] | null },
): Promise<{ size_bytes: number; warnings: VolumeWarning[] }> {
  for (const label of labels ?? []) if (!mask.counts.get(label)) throw new DomainError('label_absent', { label })
  const taken: TakenMask = {
    header: mask.header,
    planes: () => planesOf(mask.bricks),
    labels: mask.record.labels,
  }
  const made = await write(taken, mask, { kind, file, labels })
  await writeProvenance(file, { ...provenanceOf(mask), ...made }, mask.programVersion)
  return { size_bytes: (await stat(file)).size, warnings: made.warnings }
}

async function write(
  taken: TakenMask,
  mask: SavedMask,
  { kind, file, labels }: { kind: TakeKind; file: string; labels: number[] | null },
): Promise<{ warnings: VolumeWarning[] }> {
  const volumeName = mask.record.volume.name
  switch (kind) {
    case 'surface':
      return { ...{ surfaces: await writeSurface(taken, file, labels) }, warnings: [] }
    case 'coordinates':
      return writeCoordinates(taken, file, { labels, smallestVoxels: 0, name: volumeBaseName(volumeName) })
    case 'statistics':
      return { warnings: await writeStatistics(taken, file) }
    case 'report': {
      const { volume, programVersion } = mask
      return writeReport(file, { mask: taken, volume, volumeName, provenance: provenanceOf(mask), programVersion })
    }
    case 'movie': {
      const volume = mask.format === 'ome-zarr' ? new PlaneBands(mask.volume) : mask.volume
      const movie = { volume, mask: taken, framesPerSecond: 10, longestPx: 512 }
      return { ...(await writeMovie(file, movie)), warnings: [] }
    }
    case 'zarr': {
      const { header, record } = mask
      const { dtype, voxels } = wholeMask(mask)
      const name = `Mask of ${volumeName}`
      const image = {
        name,
        shapeZyx: header.shapeZyx,
        dtype,
        kind: 'labels',
        source: header,
        labels: record.labels,
      } as const
      return { warnings: await writeOmeZarr(file, image, voxels) }
    }
  }
}

async function* planesOf(bricks: LabelBricks): AsyncGenerator<Uint16Array> {
  const [nz, ny, nx] = bricks.shapeZyx
  for (let z = 0; z < nz; z++) yield bricks.readBox([z, 0, 0], [1, ny, nx])
}
