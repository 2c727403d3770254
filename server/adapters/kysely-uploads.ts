import type { Kysely, Selectable } from 'kysely'
import type { UploadRecord, UploadRepository, UploadStateName } from '../uploads/upload-repository.ts'
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
          .where('state', '=', 'receiving')
          .executeTakeFirst(),
      ),
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
    parts: async (uploadId) => {
      const rows = await db
        .selectFrom('upload_parts')
        .selectAll()
        .where('upload_id', '=', uploadId)
        .orderBy('part_index')
        .execute()
      return rows.map((row) => ({ partIndex: row.part_index, sizeBytes: row.size_bytes, sha256: row.sha256 }))
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
