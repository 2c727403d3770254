import type { Upload } from '../../shared/contract/uploads.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import type { UploadView } from '../uploads/upload-service.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'

/** A volume as the wire has it; never its path. */
export function volumeOnWire(record: VolumeRecord): Volume {
  const { header } = record
  return {
    volume_id: record.volumeId,
    filename: record.filename,
    format: header.format,
    size_bytes: record.sizeBytes,
    sha256: record.sha256,
    shape_zyx: [...header.shapeZyx],
    dtype: header.dtype,
    voxel_size_zyx: header.voxelSizeZyx === null ? null : [...header.voxelSizeZyx],
    unit: header.unit,
    warnings: header.warnings,
    created_at: record.createdAt,
    owner: record.owner,
    project: record.project,
  }
}

/** An upload as the wire has it. */
export function uploadOnWire({ record, receivedParts, volume }: UploadView): Upload {
  return {
    upload_id: record.uploadId,
    state: record.state,
    filename: record.filename,
    total_size: record.totalBytes,
    chunk_size: record.chunkBytes,
    total_parts: Math.ceil(record.totalBytes / record.chunkBytes),
    received_parts: receivedParts,
    expires_at: record.expiresAt,
    ...(volume ? { volume: volumeOnWire(volume) } : {}),
    ...(record.error ? { error: record.error } : {}),
  }
}
