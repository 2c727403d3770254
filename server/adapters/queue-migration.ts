import type { Migration } from 'kysely'

/** Priorities, leases of running jobs, measured speeds, device time of users, results that were removed. */
export const queueMigration: Migration = {
  up: async (db) => {
    const jobs = () => db.schema.alterTable('jobs')
    await jobs()
      .addColumn('priority', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await jobs()
      .addColumn('losses', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await jobs().addColumn('claimed_by', 'text').execute()
    await jobs().addColumn('lease_until', 'text').execute()
    await jobs().addColumn('artifacts_removed_at', 'text').execute()
    await db.schema
      .createTable('tile_speeds')
      .addColumn('model', 'text', (c) => c.notNull())
      .addColumn('device', 'text', (c) => c.notNull())
      .addColumn('patch', 'text', (c) => c.notNull())
      .addColumn('tiles_per_second', 'double precision', (c) => c.notNull())
      .addPrimaryKeyConstraint('tile_speeds_key', ['model', 'device', 'patch'])
      .execute()
    await db.schema
      .createTable('device_use')
      .addColumn('owner', 'text', (c) => c.primaryKey())
      .addColumn('seconds', 'double precision', (c) => c.notNull())
      .addColumn('updated_at', 'text', (c) => c.notNull())
      .execute()
  },
}
