import type { Kysely } from 'kysely'
import type { QueueRepository } from '../jobs/queue-repository.ts'
import type { Tables } from './database-tables.ts'

/** Measured speeds and used device time in a database. */
export function createQueueRepository(db: Kysely<Tables>): QueueRepository {
  return {
    speeds: async () =>
      (await db.selectFrom('tile_speeds').selectAll().execute()).map((row) => ({
        model: row.model,
        device: row.device,
        patch: row.patch,
        tilesPerSecond: row.tiles_per_second,
      })),
    saveSpeed: async ({ model, device, patch, tilesPerSecond: speed }) => {
      await db
        .insertInto('tile_speeds')
        .values({ model, device, patch, tiles_per_second: speed })
        .onConflict((on) => on.columns(['model', 'device', 'patch']).doUpdateSet({ tiles_per_second: speed }))
        .execute()
    },
    uses: async () =>
      (await db.selectFrom('device_use').selectAll().execute()).map((row) => ({
        owner: row.owner,
        seconds: row.seconds,
        updatedAt: row.updated_at,
      })),
    saveUse: async (owner, seconds, updatedAt) => {
      await db
        .insertInto('device_use')
        .values({ owner, seconds, updated_at: updatedAt })
        .onConflict((on) => on.column('owner').doUpdateSet({ seconds, updated_at: updatedAt }))
        .execute()
    },
  }
}
