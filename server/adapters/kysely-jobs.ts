import type { Kysely, Selectable, Transaction, Updateable } from 'kysely'
import type { JobState } from '../../shared/contract/jobs.ts'
import type { JobChange, JobRecord, JobRepository } from '../jobs/job-repository.ts'
import type { Tables } from './database-tables.ts'
import { ownedOrShared } from './owned-or-shared.ts'
import { inTransaction } from './transaction.ts'

/** States of jobs that still need their volume. */
const UNFINISHED: JobState[] = ['queued', 'running', 'previewing']

/** Jobs, their artifacts and their stored events in a database. */
export function createJobRepository(db: Kysely<Tables>): JobRepository {
  return {
    insert: async (record) => void (await db.insertInto('jobs').values(toRow(record)).execute()),
    find: async (jobId) => {
      const row = await db.selectFrom('jobs').selectAll().where('job_id', '=', jobId).executeTakeFirst()
      return row ? toRecord(row) : null
    },
    list: async (owner, projects, limit, before) => {
      let query = db.selectFrom('jobs').selectAll().where(ownedOrShared(owner, projects))
      if (before !== null) query = query.where('job_id', '<', before)
      return (await query.orderBy('job_id', 'desc').limit(limit).execute()).map(toRecord)
    },
    withState: async (states) =>
      (await db.selectFrom('jobs').selectAll().where('state', 'in', states).orderBy('job_id').execute()).map(toRecord),
    unfinishedUser: async (volumeId) => {
      const query = db
        .selectFrom('jobs')
        .select('job_id')
        .where((is) => is.or([is('volume_id', '=', volumeId), is('more_volume_ids', 'like', `%"${volumeId}"%`)]))
        .where('state', 'in', UNFINISHED)
      return (await query.executeTakeFirst())?.job_id ?? null
    },
    unfinishedOfModel: async (model, version) => {
      const query = db
        .selectFrom('jobs')
        .select('job_id')
        .where('model', '=', model)
        .where('model_version', '=', version)
        .where('state', 'in', UNFINISHED)
      return (await query.executeTakeFirst())?.job_id ?? null
    },
    move: (jobId, attempt, from, to, change) => moveRow(db, jobId, attempt, from, to, change),
    complete: (jobId, attempt, change, artifacts) =>
      inTransaction(db, async (tx) => {
        if (!(await moveRow(tx, jobId, attempt, ['running', 'previewing'], 'completed', change))) return false
        await tx.deleteFrom('artifacts').where('job_id', '=', jobId).execute()
        await tx
          .insertInto('artifacts')
          .values(artifactRows(jobId, attempt, artifacts))
          .execute()
        return true
      }),
    setProject: async (jobId, project) =>
      void (await db.updateTable('jobs').set({ project }).where('job_id', '=', jobId).execute()),
    saveProgress: async (jobId, attempt, tilesDone, tilesTotal) => {
      const set = { tiles_done: tilesDone, tiles_total: tilesTotal }
      await db.updateTable('jobs').set(set).where('job_id', '=', jobId).where('attempt', '=', attempt).execute()
    },
    artifacts: async (jobId) => {
      const rows = await db.selectFrom('artifacts').selectAll().where('job_id', '=', jobId).orderBy('name').execute()
      return rows.map((row) => ({
        name: row.name,
        mediaType: row.media_type,
        sizeBytes: row.size_bytes,
        sha256: row.sha256,
        warnings: JSON.parse(row.warnings),
      }))
    },
    replaceArtifacts: (jobId, attempt, goes, artifacts) =>
      inTransaction(db, async (tx) => {
        const known = await tx.selectFrom('artifacts').select('name').where('job_id', '=', jobId).execute()
        for (const { name } of known)
          if (goes(name))
            await tx.deleteFrom('artifacts').where('job_id', '=', jobId).where('name', '=', name).execute()
        await tx
          .insertInto('artifacts')
          .values(artifactRows(jobId, attempt, artifacts))
          .execute()
      }),
    deleteArtifacts: async (jobId) => void (await db.deleteFrom('artifacts').where('job_id', '=', jobId).execute()),
    addEvent: async (jobId, frame) => {
      await db
        .insertInto('job_events')
        .values({ job_id: jobId, seq: frame.seq, frame: JSON.stringify(frame) })
        .execute()
    },
    eventsSince: async (jobId, seq) => {
      const query = db
        .selectFrom('job_events')
        .select('frame')
        .where('job_id', '=', jobId)
        .where('seq', '>', seq)
        .orderBy('seq')
      return (await query.execute()).map((row) => JSON.parse(row.frame))
    },
  }
}

function artifactRows(
  jobId: string,
  attempt: number,
  artifacts: Parameters<JobRepository['complete']>[3],
): Tables['artifacts'][] {
  return artifacts.map((artifact) => ({
    job_id: jobId,
    name: artifact.name,
    attempt,
    media_type: artifact.mediaType,
    size_bytes: artifact.sizeBytes,
    sha256: artifact.sha256,
    warnings: JSON.stringify(artifact.warnings),
  }))
}

async function moveRow(
  db: Kysely<Tables> | Transaction<Tables>,
  jobId: string,
  attempt: number,
  from: readonly JobState[],
  to: JobState,
  change: JobChange,
): Promise<boolean> {
  const done = await db
    .updateTable('jobs')
    .set({ ...changedColumns(change), state: to })
    .where('job_id', '=', jobId)
    .where('attempt', '=', attempt)
    .where('state', 'in', from)
    .executeTakeFirst()
  return Number(done.numUpdatedRows) === 1
}

function changedColumns(change: JobChange): Updateable<Tables['jobs']> {
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
  return set
}

function toRow(record: JobRecord): Tables['jobs'] {
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
  }
}

function toRecord(row: Selectable<Tables['jobs']>): JobRecord {
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
  }
}
