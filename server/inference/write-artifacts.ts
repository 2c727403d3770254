import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { writeVolumeFile } from '../../shared/node/volume-file.ts'
import type { OutputVolume, VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'
import type { LabelFile } from './label-file.ts'
import { maskProvenance, maskStatistics } from './mask-report.ts'
import type { MaskMeasures } from './measuring.ts'
import type { JobDescription, WrittenArtifact } from './messages.ts'
import { readBack } from './read-back.ts'

/** The mask in every format that is written. */
const MASK_FILES = [
  { ending: 'mrc', mediaType: 'application/octet-stream' },
  { ending: 'nii.gz', mediaType: 'application/gzip' },
  { ending: 'nrrd', mediaType: 'application/octet-stream' },
] as const

export interface ArtifactFacts {
  job: JobDescription
  header: VolumeHeader
  labels: LabelFile
  /** Best foreground label and its probability, where they are kept. */
  probability: LabelFile | null
  candidate: LabelFile | null
  /** Surfaces and objects of the labels. */
  measured: Promise<MaskMeasures>
  warnings: VolumeWarning[]
  engine: string
  startedAt: Date
  /** That earlier attempts had finished. */
  tilesResumed?: number
  signal: AbortSignal
}

/**
 * Writes mask, statistics and provenance into the attempt's folder. Each mask is read back and compared with the labels
 * voxel for voxel before it counts as written.
 * @throws {DomainError} `file_unwritable`, `canceled`
 */
export async function writeArtifacts(facts: ArtifactFacts): Promise<WrittenArtifact[]> {
  const { job, header, labels } = facts
  const { probability, candidate, signal } = facts
  // Side by side: packing, hashing and syncing each wait for something else.
  const [measured, ...written] = await Promise.all([
    facts.measured,
    writeMasks({ folder: job.outFolder, name: 'mask', header, labels, signal }),
    probability ? writeBeside(facts, 'probability', probability).then((one) => [one]) : [],
    candidate ? writeBeside(facts, 'candidate', candidate).then((one) => [one]) : [],
  ])
  const artifacts: WrittenArtifact[] = written.flat()
  const statistics = maskStatistics(job.model.manifest.labels, header, measured)
  const provenance = maskProvenance({ ...facts, maskSha256: labels.sha256(), finishedAt: new Date() })
  const reports = await Promise.all([
    writeJson(job.outFolder, 'stats.json', statistics, measured.warnings),
    writeJson(job.outFolder, 'provenance.json', provenance),
  ])
  return [...artifacts, ...reports]
}

/**
 * Writes a mask in every format; each is read back and compared before it counts as written.
 * @param request `name` without its ending; the header is the one of the volume whose place the mask gets
 */
export async function writeMasks(request: {
  folder: string
  name: string
  header: VolumeHeader
  labels: LabelFile
  signal: AbortSignal
}): Promise<WrittenArtifact[]> {
  const { folder, header, labels } = request
  const volume: OutputVolume = { shapeZyx: labels.shapeZyx, dtype: labels.dtype, kind: 'labels', source: header }
  return Promise.all(
    MASK_FILES.map(async ({ ending, mediaType }) => {
      const name = `${request.name}.${ending}`
      const file = path.join(folder, name)
      const warnings = await writeVolumeFile(file, volume, labels)
      if (request.signal.aborted) throw new DomainError('canceled')
      return { name, mediaType, ...(await readBack(file, labels)), warnings }
    }),
  )
}

/** Probability and candidates are only written in the format of the volume: they are large. */
async function writeBeside(
  { job, header }: ArtifactFacts,
  kind: 'probability' | 'candidate',
  voxels: LabelFile,
): Promise<WrittenArtifact> {
  const [name, mediaType] = {
    mrc: [`${kind}.mrc`, 'application/octet-stream'],
    nifti: [`${kind}.nii.gz`, 'application/gzip'],
    nrrd: [`${kind}.nrrd`, 'application/octet-stream'],
  }[header.format]
  const file = path.join(job.outFolder, name)
  const isLabels = kind === 'candidate'
  const warnings = await writeVolumeFile(
    file,
    {
      shapeZyx: voxels.shapeZyx,
      dtype: voxels.dtype,
      kind: isLabels ? 'labels' : 'scalar',
      source: header,
      ...(isLabels ? {} : { scaling: null }),
    },
    voxels,
  )
  return { name, mediaType, ...(await readBack(file, voxels)), warnings }
}

/** Writes a JSON file beside the masks, whole or not at all. */
export async function writeJson(
  folder: string,
  name: string,
  value: unknown,
  warnings: readonly VolumeWarning[] = [],
): Promise<WrittenArtifact> {
  const partial = path.join(folder, `${name}.partial`)
  const handle = await open(partial, 'w')
  try {
    await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  const file = path.join(folder, name)
  await rename(partial, file)
  const bytes = await readFile(file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name, mediaType: 'application/json', sizeBytes: bytes.length, sha256, warnings: [...warnings] }
}
