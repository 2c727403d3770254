import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import type { MaskMeasures } from './measuring.ts'
import type { JobDescription } from './messages.ts'

/**
 * `stats.json`: per label voxels, share, and, where the voxel size is known, volume and surface; the largest objects.
 * @param labels those that were measured, in that order
 */
export function maskStatistics(
  labels: readonly Partial<ModelManifest['labels'][number]>[],
  header: VolumeHeader,
  measured: MaskMeasures,
) {
  return {
    schema_version: 1,
    shape_zyx: header.shapeZyx,
    voxel_size_zyx: header.voxelSizeZyx,
    unit: header.unit,
    total_voxels: numVoxels(header.shapeZyx),
    ...measured.frame,
    labels: labels.map(({ value, name }, i) => ({ value, ...(name ? { name } : {}), ...measured.labels[i] })),
    warnings: measured.warnings,
  }
}

/** `provenance.json`: what made this mask, from what, with which settings, when. */
export function maskProvenance(facts: {
  job: JobDescription
  header: VolumeHeader
  maskSha256: string
  warnings: readonly VolumeWarning[]
  engine: string
  startedAt: Date
  finishedAt: Date
  /** That earlier attempts had finished. */
  tilesResumed?: number
}) {
  const { job } = facts
  const { manifest } = job.model
  return {
    schema_version: 1,
    program: { name: 'cryomamba', version: job.programVersion, engine: facts.engine, node: process.versions.node },
    job: { job_id: job.jobId, attempt: job.attempt, created_at: job.createdAt },
    started_at: facts.startedAt.toISOString(),
    finished_at: facts.finishedAt.toISOString(),
    ...(facts.tilesResumed ? { tiles_resumed: facts.tilesResumed } : {}),
    ...(job.moreVolumes?.length
      ? { more_inputs: job.moreVolumes.map(({ filename, sha256 }) => ({ filename, sha256 })) }
      : {}),
    input: {
      filename: job.volume.filename,
      sha256: job.volume.sha256,
      format: facts.header.format,
      dtype: facts.header.dtype,
      shape_zyx: facts.header.shapeZyx,
      voxel_size_zyx: facts.header.voxelSizeZyx,
      unit: facts.header.unit,
      mode0: job.volume.mode0 ?? null,
    },
    model: {
      id: manifest.id,
      name: manifest.name,
      version: manifest.version,
      onnx_sha256: manifest.onnx.sha256,
      manifest_sha256: job.model.manifestSha256 ?? null,
      labels: manifest.labels,
    },
    params: job.params,
    mask: { sha256: facts.maskSha256 },
    warnings: facts.warnings,
  }
}
