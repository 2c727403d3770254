import path from 'node:path'
import type { Kysely, Selectable } from 'kysely'
import type { VolumeRecord, VolumeRepository } from '../volumes/volume-repository.ts'
import type { Tables } from './database-tables.ts'
import { ownedOrShared } from './owned-or-shared.ts'

/** Volumes in a database. Paths of managed files are stored relative to the data folder, so that it can be moved. */
export function createVolumeRepository(db: Kysely<Tables>, dataFolder: string): VolumeRepository {
  const toRecord = (row: Selectable<Tables['volumes']>): VolumeRecord => ({
    volumeId: row.volume_id,
    owner: row.owner,
    filename: row.filename,
    path: row.is_managed ? path.join(dataFolder, row.path) : row.path,
    isManaged: row.is_managed === 1,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    files: row.files === null ? null : JSON.parse(row.files),
    header: JSON.parse(row.header),
    mode0: row.mode0 as VolumeRecord['mode0'],
    createdAt: row.created_at,
    project: row.project,
  })
  const one = (row: Selectable<Tables['volumes']> | undefined) => (row ? toRecord(row) : null)
  return {
    insert: async (record) => {
      await db
        .insertInto('volumes')
        .values({
          volume_id: record.volumeId,
          owner: record.owner,
          filename: record.filename,
          path: record.isManaged ? path.relative(dataFolder, record.path) : record.path,
          is_managed: record.isManaged ? 1 : 0,
          format: record.header.format,
          size_bytes: record.sizeBytes,
          sha256: record.sha256,
          files: record.files === null ? null : JSON.stringify(record.files),
          header: JSON.stringify(record.header),
          mode0: record.mode0,
          created_at: record.createdAt,
          project: record.project,
        })
        .execute()
    },
    find: async (volumeId) =>
      one(await db.selectFrom('volumes').selectAll().where('volume_id', '=', volumeId).executeTakeFirst()),
    withHash: async (owner, sha256, mode0) => {
      const query = db.selectFrom('volumes').selectAll().where('owner', '=', owner).where('sha256', '=', sha256)
      const rows = query.where('mode0', mode0 === null ? 'is' : '=', mode0).orderBy('volume_id')
      return (await rows.execute()).map(toRecord)
    },
    relocate: async (volumeId, place, files) => {
      const change = { path: place, files: JSON.stringify(files) }
      await db.updateTable('volumes').set(change).where('volume_id', '=', volumeId).execute()
    },
    list: async (owner, projects, limit, before) => {
      let query = db.selectFrom('volumes').selectAll().where(ownedOrShared(owner, projects))
      if (before !== null) query = query.where('volume_id', '<', before)
      return (await query.orderBy('volume_id', 'desc').limit(limit).execute()).map(toRecord)
    },
    managed: async () => {
      const query = db.selectFrom('volumes').selectAll().where('is_managed', '=', 1).orderBy('volume_id')
      return (await query.execute()).map(toRecord)
    },
    setProject: async (volumeId, project) =>
      void (await db.updateTable('volumes').set({ project }).where('volume_id', '=', volumeId).execute()),
    delete: async (volumeId) => void (await db.deleteFrom('volumes').where('volume_id', '=', volumeId).execute()),
  }
}
