import type { Kysely, Transaction } from 'kysely'
import type { JobState } from '../../shared/contract/jobs.ts'
import type { JobChange, JobRepository } from '../jobs/job-repository.ts'
import { RUNNING, UNFINISHED } from '../jobs/job-state.ts'
import type { Tables } from './database-tables.ts'
import { changedColumns, toRecord, toRow } from './job-rows.ts'
import { ownedOrShared } from './owned-or-shared.ts'
import { inTransaction } from './transaction.ts'

/** Stored events of one job: its states and ends over many attempts. */
const KEPT_EVENTS = 200

/** Jobs, their artifacts and their stored events in a database. */
export function createJobRepository(db: Kysely<Tables>): JobRepository {
  return {
    insert: async (record) => void (await db.insertInto('jobs').values(toRow(record)).execute()),
    find: async (jobId) => {
      const row = await db.selectFrom('jobs').selectAll().where('job_id', '=', jobId).executeTakeFirst()
      return row ? toRecord(row) : null
    },
    list: async (owner, projects, { limit, before = null, states = [], skip = 0 }) => {
      let query = db.selectFrom('jobs').selectAll().where(ownedOrShared(owner, projects))
      if (before !== null) query = query.where('job_id', '<', before)
      if (states.length > 0) query = query.where('state', 'in', states)
      return (await query.orderBy('job_id', 'desc').limit(limit).offset(skip).execute()).map(toRecord)
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
        if (!(await moveRow(tx, jobId, attempt, RUNNING, 'completed', change))) return false
        await tx.deleteFrom('artifacts').where('job_id', '=', jobId).execute()
        await tx
          .insertInto('artifacts')
          .values(artifactRows(jobId, attempt, artifacts))
          .execute()
        return true
      }),
    numQueued: async (owner) => {
      let query = db
        .selectFrom('jobs')
        .select((is) => is.fn.countAll().as('number'))
        .where('state', 'in', ['queued', 'paused'])
      if (owner !== null) query = query.where('owner', '=', owner)
      return Number((await query.executeTakeFirstOrThrow()).number)
    },
    renewLease: async (jobId, attempt, claimedBy, until) => {
      const done = await db
        .updateTable('jobs')
        .set({ lease_until: until })
        .where('job_id', '=', jobId)
        .where('attempt', '=', attempt)
        .where('claimed_by', '=', claimedBy)
        .where('state', 'in', RUNNING)
        .executeTakeFirst()
      return Number(done.numUpdatedRows) === 1
    },
    withArtifacts: async () => {
      const query = db
        .selectFrom('jobs')
        .selectAll()
        .where('state', 'not in', UNFINISHED)
        .where('job_id', 'in', db.selectFrom('artifacts').select('job_id'))
      return (await query.orderBy('finished_at').orderBy('job_id').execute()).map(toRecord)
    },
    expireArtifacts: (jobId, attempt, time) =>
      db.transaction().execute(async (tx) => {
        const done = await tx
          .updateTable('jobs')
          .set({ artifacts_removed_at: time })
          .where('job_id', '=', jobId)
          .where('attempt', '=', attempt)
          .where('state', 'not in', UNFINISHED)
          .executeTakeFirst()
        if (Number(done.numUpdatedRows) !== 1) return false
        await tx.deleteFrom('artifacts').where('job_id', '=', jobId).execute()
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
      const oldest = db
        .selectFrom('job_events')
        .select('seq')
        .where('job_id', '=', jobId)
        .orderBy('seq', 'desc')
        .limit(1)
        .offset(KEPT_EVENTS)
      await db.deleteFrom('job_events').where('job_id', '=', jobId).where('seq', '<=', oldest).execute()
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
