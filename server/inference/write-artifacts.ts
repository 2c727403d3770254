import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { openVolumeFile, writeVolumeFile } from '../../shared/node/volume-file.ts'
import type { OutputVolume, VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'
import type { LabelFile } from './label-file.ts'
import { maskProvenance, maskStatistics } from './mask-report.ts'
import { measureLabels } from './measure-labels.ts'
import type { JobDescription, WrittenArtifact } from './messages.ts'

/** The mask in every format that is written, by file name. */
const MASK_FILES = [
  { name: 'mask.mrc', mediaType: 'application/octet-stream' },
  { name: 'mask.nii.gz', mediaType: 'application/gzip' },
  { name: 'mask.nrrd', mediaType: 'application/octet-stream' },
] as const

export interface ArtifactFacts {
  job: JobDescription
  header: VolumeHeader
  labels: LabelFile
  warnings: VolumeWarning[]
  engine: string
  startedAt: Date
  signal: AbortSignal
}

/**
 * Writes mask, statistics and provenance into the attempt's folder. Each mask is read back and compared with the labels
 * voxel for voxel before it counts as written.
 * @throws {DomainError} `file_unwritable`, `canceled`
 */
export async function writeArtifacts(facts: ArtifactFacts): Promise<WrittenArtifact[]> {
  const { job, header, labels } = facts
  const volume: OutputVolume = { shapeZyx: labels.shapeZyx, dtype: labels.dtype, kind: 'labels', source: header }
  const artifacts: WrittenArtifact[] = []
  for (const { name, mediaType } of MASK_FILES) {
    if (facts.signal.aborted) throw new DomainError('canceled')
    const file = path.join(job.outFolder, name)
    const warnings = await writeVolumeFile(file, volume, labels)
    await compareWithLabels(file, labels)
    artifacts.push(await describe(job.outFolder, name, mediaType, warnings))
  }
  const measured = await measureLabels(labels, header, facts.signal)
  const statistics = maskStatistics(job.model.manifest, header, measured)
  const provenance = maskProvenance({ ...facts, maskSha256: labels.sha256(), finishedAt: new Date() })
  for (const [name, value, warnings] of [
    ['stats.json', statistics, measured.warnings],
    ['provenance.json', provenance, []],
  ] as const) {
    await writeJson(path.join(job.outFolder, name), value)
    artifacts.push(await describe(job.outFolder, name, 'application/json', [...warnings]))
  }
  return artifacts
}

/** Reads a written mask back: a mask that differs from the labels must never leave the server. */
async function compareWithLabels(file: string, labels: LabelFile): Promise<void> {
  const written = await openVolumeFile(file)
  try {
    const [sz, sy, sx] = labels.shapeZyx
    const chunk = Math.max(1, Math.floor((8 * 1024 * 1024) / (sy * sx)))
    if (written.header.shapeZyx.join() !== labels.shapeZyx.join())
      throw new Error(`${path.basename(file)} has another shape`)
    for (let z = 0; z < sz; z += chunk) {
      const numPlanes = Math.min(chunk, sz - z)
      const [found, expected] = await Promise.all([
        written.readSlab(z, numPlanes),
        labels.readBox([z, 0, 0], [numPlanes, sy, sx]),
      ])
      for (let i = 0; i < expected.length; i++) {
        if (Number(found[i]) !== expected[i])
          throw new Error(`${path.basename(file)} differs from the labels at plane ${z}`)
      }
    }
  } finally {
    await written.close()
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  const partial = `${file}.partial`
  const handle = await open(partial, 'w')
  try {
    await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(partial, file)
}

async function describe(
  folder: string,
  name: string,
  mediaType: string,
  warnings: VolumeWarning[],
): Promise<WrittenArtifact> {
  const file = path.join(folder, name)
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return { name, mediaType, sizeBytes: (await stat(file)).size, sha256: hash.digest('hex'), warnings }
}
