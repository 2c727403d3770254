import { createUuid7 } from '../adapters/uuid7.ts'
import type { WrittenArtifact } from '../inference/messages.ts'
import type { JobRecord } from '../jobs/job-repository.ts'
import type { UploadRecord } from '../uploads/upload-repository.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'

const newId = createUuid7()

/** A record of a job as a service would store it, with changes. */
export function jobRecord(change: Partial<JobRecord> = {}): JobRecord {
  return {
    jobId: newId(),
    owner: 'ada',
    project: null,
    state: 'queued',
    attempt: 1,
    volumeId: newId(),
    moreVolumeIds: [],
    memory: null,
    model: 'unet',
    modelVersion: '1.0.0',
    modelSha256: null,
    params: { step: 0.5 },
    effectiveParams: null,
    preview: { enabled: true },
    warnings: [{ code: 'w', message: 'größer als „normal“ – 5 Å' }],
    result: null,
    error: null,
    device: null,
    tilesDone: 0,
    tilesTotal: 8,
    createdAt: '2026-11-21T10:00:00.000Z',
    startedAt: null,
    finishedAt: null,
    priority: 0,
    losses: 0,
    claimedBy: null,
    leaseUntil: null,
    artifactsRemovedAt: null,
    ...change,
  }
}

/** A record of an upload of 1 TiB, more than 32 bits hold. */
export function uploadRecord(change: Partial<UploadRecord> = {}): UploadRecord {
  return {
    uploadId: newId(),
    owner: 'ada',
    state: 'receiving',
    filename: "o'hara \\ 断層.mrc",
    totalBytes: 2 ** 40 + 1,
    chunkBytes: 2 ** 24,
    fingerprint: null,
    sha256: null,
    metadata: { mode0: 'signed', text: 'a\u0000b' },
    createdAt: '2026-11-21T10:00:00.000Z',
    expiresAt: '2026-11-24T10:00:00.000Z',
    volumeId: null,
    error: null,
    ...change,
  }
}

/** A record of a volume under `/data`. */
export function volumeRecord(change: Partial<VolumeRecord> = {}): VolumeRecord {
  const volumeId = change.volumeId ?? newId()
  return {
    volumeId,
    owner: 'ada',
    project: null,
    filename: 'cell.mrc',
    path: `/data/volumes/${volumeId}/volume.mrc`,
    isManaged: true,
    sizeBytes: 2 ** 40 + 1,
    sha256: 'ab'.repeat(32),
    files: null,
    header: {
      format: 'mrc',
      shapeZyx: [10, 20, 30],
      dtype: 'float32',
      voxelSizeZyx: [1.25, 1.25, 1.25],
      unit: 'angstrom',
      warnings: [],
    },
    mode0: null,
    createdAt: '2026-11-21T10:00:00.000Z',
    ...change,
  }
}

/** An artifact as a worker reports it. */
export function artifact(name: string, change: Partial<WrittenArtifact> = {}): WrittenArtifact {
  return {
    name,
    mediaType: 'application/octet-stream',
    sizeBytes: 2 ** 33,
    sha256: 'cd'.repeat(32),
    warnings: [],
    ...change,
  }
}
