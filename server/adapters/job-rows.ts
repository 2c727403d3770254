import type { Selectable, Updateable } from 'kysely'
import type { JobState } from '../../shared/contract/jobs.ts'
import type { JobChange, JobRecord } from '../jobs/job-repository.ts'
import type { Tables } from './database-tables.ts'

/** The columns that a change sets. */
export function changedColumns(change: JobChange): Updateable<Tables['jobs']> {
  const text = (value: unknown) => (value === null ? null : JSON.stringify(value))
  const set: Updateable<Tables['jobs']> = {}
  if (change.attempt !== undefined) set.attempt = change.attempt
  if (change.modelVersion !== undefined) set.model_version = change.modelVersion
  if (change.modelSha256 !== undefined) set.model_sha256 = change.modelSha256
  if (change.params !== undefined) set.params = JSON.stringify(change.params)
  if (change.effectiveParams !== undefined) set.effective_params = text(change.effectiveParams)
  if (change.memory !== undefined) set.memory = text(change.memory)
  if (change.warnings !== undefined) set.warnings = JSON.stringify(change.warnings)
  if (change.result !== undefined) set.result = text(change.result)
  if (change.error !== undefined) set.error = text(change.error)
  if (change.device !== undefined) set.device = change.device
  if (change.tilesDone !== undefined) set.tiles_done = change.tilesDone
  if (change.tilesTotal !== undefined) set.tiles_total = change.tilesTotal
  if (change.startedAt !== undefined) set.started_at = change.startedAt
  if (change.finishedAt !== undefined) set.finished_at = change.finishedAt
  if (change.losses !== undefined) set.losses = change.losses
  if (change.claimedBy !== undefined) set.claimed_by = change.claimedBy
  if (change.leaseUntil !== undefined) set.lease_until = change.leaseUntil
  if (change.artifactsRemovedAt !== undefined) set.artifacts_removed_at = change.artifactsRemovedAt
  return set
}

export function toRow(record: JobRecord): Tables['jobs'] {
  return {
    job_id: record.jobId,
    owner: record.owner,
    state: record.state,
    attempt: record.attempt,
    volume_id: record.volumeId,
    more_volume_ids: JSON.stringify(record.moreVolumeIds),
    memory: record.memory && JSON.stringify(record.memory),
    model: record.model,
    model_version: record.modelVersion,
    model_sha256: record.modelSha256,
    params: JSON.stringify(record.params),
    effective_params: record.effectiveParams && JSON.stringify(record.effectiveParams),
    preview: JSON.stringify(record.preview),
    warnings: JSON.stringify(record.warnings),
    result: record.result && JSON.stringify(record.result),
    error: record.error && JSON.stringify(record.error),
    device: record.device,
    tiles_done: record.tilesDone,
    tiles_total: record.tilesTotal,
    created_at: record.createdAt,
    started_at: record.startedAt,
    finished_at: record.finishedAt,
    project: record.project,
    priority: record.priority,
    losses: record.losses,
    claimed_by: record.claimedBy,
    lease_until: record.leaseUntil,
    artifacts_removed_at: record.artifactsRemovedAt,
  }
}

export function toRecord(row: Selectable<Tables['jobs']>): JobRecord {
  const parsed = (text: string | null) => (text === null ? null : JSON.parse(text))
  return {
    jobId: row.job_id,
    owner: row.owner,
    state: row.state as JobState,
    attempt: row.attempt,
    volumeId: row.volume_id,
    moreVolumeIds: JSON.parse(row.more_volume_ids),
    memory: parsed(row.memory),
    model: row.model,
    modelVersion: row.model_version,
    modelSha256: row.model_sha256,
    params: JSON.parse(row.params),
    effectiveParams: parsed(row.effective_params),
    preview: JSON.parse(row.preview),
    warnings: JSON.parse(row.warnings),
    result: parsed(row.result),
    error: parsed(row.error),
    device: row.device,
    tilesDone: row.tiles_done,
    tilesTotal: row.tiles_total,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    project: row.project,
    priority: row.priority,
    losses: row.losses,
    claimedBy: row.claimed_by,
    leaseUntil: row.lease_until,
    artifactsRemovedAt: row.artifacts_removed_at,
  }
}
