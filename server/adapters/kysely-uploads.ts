import type { Kysely, Selectable } from 'kysely'
import type { ReceivedPart, UploadRecord, UploadRepository, UploadStateName } from '../uploads/upload-repository.ts'
import type { Tables } from './database-tables.ts'

/** Uploads in a database. */
export function createUploadRepository(db: Kysely<Tables>): UploadRepository {
  const one = (row: Selectable<Tables['uploads']> | undefined) => (row ? toRecord(row) : null)
  return {
    insert: async (record) => void (await db.insertInto('uploads').values(toRow(record)).execute()),
    find: async (uploadId) =>
      one(await db.selectFrom('uploads').selectAll().where('upload_id', '=', uploadId).executeTakeFirst()),
    findOpen: async (owner, fingerprint, totalBytes) =>
      one(
        await db
          .selectFrom('uploads')
          .selectAll()
          .where('owner', '=', owner)
          .where('fingerprint', '=', fingerprint)
          .where('total_size', '=', totalBytes)
          .where('state', 'in', ['verifying', 'receiving'])
          // One that has all its parts goes before one that has some.
          .orderBy('state', 'desc')
          .executeTakeFirst(),
      ),
    findFinished: async (owner, fingerprint, totalBytes) =>
      one(
        await db
          .selectFrom('uploads')
          .innerJoin('volumes', 'volumes.volume_id', 'uploads.volume_id')
          .selectAll('uploads')
          .where('uploads.owner', '=', owner)
          .where('uploads.state', '=', 'completed')
          .where('uploads.total_size', '=', totalBytes)
          .where('uploads.fingerprint', 'like', anyTime(fingerprint))
          .executeTakeFirst(),
      ),
    countOpen: async (owner) => {
      const query = db.selectFrom('uploads').where('owner', '=', owner).where('state', '=', 'receiving')
      return count((await query.select((e) => e.fn.countAll().as('n')).executeTakeFirst())?.n)
    },
    usedBytes: async (owner) => {
      const volumes = await db
        .selectFrom('volumes')
        .where('owner', '=', owner)
        .where('is_managed', '=', 1)
        .select((e) => e.fn.sum('size_bytes').as('bytes'))
        .executeTakeFirst()
      const uploads = await db
        .selectFrom('uploads')
        .where('owner', '=', owner)
        .where('state', 'in', ['receiving', 'verifying'])
        .select((e) => e.fn.sum('total_size').as('bytes'))
        .executeTakeFirst()
      const artifacts = await db
        .selectFrom('artifacts')
        .innerJoin('jobs', 'jobs.job_id', 'artifacts.job_id')
        .where('jobs.owner', '=', owner)
        .select((e) => e.fn.sum('artifacts.size_bytes').as('bytes'))
        .executeTakeFirst()
      return count(volumes?.bytes) + count(uploads?.bytes) + count(artifacts?.bytes)
    },
    outstandingBytes: async () => {
      const open = await db
        .selectFrom('uploads')
        .where('state', '=', 'receiving')
        .select((e) => e.fn.sum('total_size').as('bytes'))
        .executeTakeFirst()
      const received = await db
        .selectFrom('upload_parts')
        .innerJoin('uploads', 'uploads.upload_id', 'upload_parts.upload_id')
        .where('uploads.state', '=', 'receiving')
        .select((e) => e.fn.sum('upload_parts.size_bytes').as('bytes'))
        .executeTakeFirst()
      return count(open?.bytes) - count(received?.bytes)
    },
    extend: async (uploadId, expiresAt) =>
      void (await db
        .updateTable('uploads')
        .set({ expires_at: expiresAt })
        .where('upload_id', '=', uploadId)
        .where('state', '=', 'receiving')
        .execute()),
    withState: async (state) =>
      (await db.selectFrom('uploads').selectAll().where('state', '=', state).execute()).map(toRecord),
    move: async (uploadId, from, to, change = {}) => {
      const set = {
        state: to,
        ...(change.sha256 === undefined ? {} : { sha256: change.sha256 }),
        ...(change.volumeId === undefined ? {} : { volume_id: change.volumeId }),
        ...(change.error === undefined ? {} : { error: change.error && JSON.stringify(change.error) }),
      }
      const done = await db
        .updateTable('uploads')
        .set(set)
        .where('upload_id', '=', uploadId)
        .where('state', '=', from)
        .executeTakeFirst()
      return Number(done.numUpdatedRows) === 1
    },
    delete: async (uploadId) => {
      await db.deleteFrom('upload_parts').where('upload_id', '=', uploadId).execute()
      await db.deleteFrom('uploads').where('upload_id', '=', uploadId).execute()
    },
    forgetParts: async (uploadId) =>
      void (await db.deleteFrom('upload_parts').where('upload_id', '=', uploadId).execute()),
    part: async (uploadId, partIndex) => {
      const query = db.selectFrom('upload_parts').selectAll().where('upload_id', '=', uploadId)
      const row = await query.where('part_index', '=', partIndex).executeTakeFirst()
      return row ? toPart(row) : null
    },
    parts: async (uploadId) => {
      const query = db.selectFrom('upload_parts').selectAll().where('upload_id', '=', uploadId)
      return (await query.orderBy('part_index').execute()).map(toPart)
    },
    recordPart: async (uploadId, part) => {
      const row = { upload_id: uploadId, part_index: part.partIndex, size_bytes: part.sizeBytes, sha256: part.sha256 }
      await db
        .insertInto('upload_parts')
        .values(row)
        .onConflict((c) => c.columns(['upload_id', 'part_index']).doUpdateSet(row))
        .execute()
    },
  }
}

/** Sums and counts: a number, a string on PostgreSQL, null where there is no row. */
function count(value: string | number | bigint | null | undefined): number {
  return Number(value ?? 0)
}

/** Pattern of fingerprints with the same size and samples, whenever the file was changed; others stand for themselves. */
function anyTime(fingerprint: string): string {
  const found = /^(v1:\d+:)\d+(:[0-9a-f]{64})$/.exec(fingerprint)
  return found ? `${found[1]}%${found[2]}` : fingerprint.replaceAll(/[%_\\]/g, '')
}

function toPart(row: Tables['upload_parts']): ReceivedPart {
  return { partIndex: row.part_index, sizeBytes: row.size_bytes, sha256: row.sha256 }
}

function toRow(record: UploadRecord): Tables['uploads'] {
  return {
    upload_id: record.uploadId,
    owner: record.owner,
    state: record.state,
    filename: record.filename,
    total_size: record.totalBytes,
    chunk_size: record.chunkBytes,
    fingerprint: record.fingerprint,
    sha256: record.sha256,
    metadata: JSON.stringify(record.metadata),
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    volume_id: record.volumeId,
    error: record.error && JSON.stringify(record.error),
  }
}

function toRecord(row: Selectable<Tables['uploads']>): UploadRecord {
  return {
    uploadId: row.upload_id,
    owner: row.owner,
    state: row.state as UploadStateName,
    filename: row.filename,
    totalBytes: row.total_size,
    chunkBytes: row.chunk_size,
    fingerprint: row.fingerprint,
    sha256: row.sha256,
    metadata: JSON.parse(row.metadata),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    volumeId: row.volume_id,
    error: row.error === null ? null : JSON.parse(row.error),
  }
}
