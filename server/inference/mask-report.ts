import type { ModelManifest } from '../../shared/contract/model-package.ts'
import type { VolumeHeader, VolumeWarning } from '../../shared/volume/header.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import type { JobDescription } from './messages.ts'

/** nm³ and mm³ per cubic unit of the volume. */
const VOLUME_UNITS = {
  angstrom: { name: 'nm3', factor: 1e-3 },
  nm: { name: 'nm3', factor: 1 },
  um: { name: 'um3', factor: 1 },
  mm: { name: 'mm3', factor: 1 },
  m: { name: 'm3', factor: 1 },
} as const

/** `stats.json`: per label voxels, share of the volume, and physical volume where the voxel size is known. */
export function maskStatistics(manifest: ModelManifest, header: VolumeHeader, counts: ReadonlyMap<number, number>) {
  const total = numVoxels(header.shapeZyx)
  const size = header.voxelSizeZyx
  const unit = size && header.unit ? VOLUME_UNITS[header.unit] : null
  const voxelVolume = size && unit ? size[0] * size[1] * size[2] * unit.factor : null
  return {
    schema_version: 1,
    shape_zyx: header.shapeZyx,
    voxel_size_zyx: size,
    unit: header.unit,
    total_voxels: total,
    volume_unit: unit?.name ?? null,
    labels: manifest.labels.map(({ value, name }) => {
      const voxels = counts.get(value) ?? 0
      return { value, name, voxels, share: voxels / total, volume: voxelVolume === null ? null : voxels * voxelVolume }
    }),
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
}) {
  const { job } = facts
  const { manifest } = job.model
  return {
    schema_version: 1,
    program: { name: 'cryomamba', version: job.programVersion, engine: facts.engine, node: process.versions.node },
    job: { job_id: job.jobId, attempt: job.attempt, created_at: job.createdAt },
    started_at: facts.startedAt.toISOString(),
    finished_at: facts.finishedAt.toISOString(),
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
      labels: manifest.labels,
    },
    params: job.params,
    mask: { sha256: facts.maskSha256 },
    warnings: facts.warnings,
  }
}
