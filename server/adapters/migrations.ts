import { type Kysely, type Migration, Migrator } from 'kysely'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { isConflict } from './database-problem.ts'
import type { Tables } from './database-tables.ts'
import { queueMigration } from './queue-migration.ts'

const first: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('uploads')
      .addColumn('upload_id', 'text', (c) => c.primaryKey())
      .addColumn('owner', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('filename', 'text', (c) => c.notNull())
      .addColumn('total_size', 'bigint', (c) => c.notNull())
      .addColumn('chunk_size', 'bigint', (c) => c.notNull())
      .addColumn('fingerprint', 'text')
      .addColumn('sha256', 'text')
      .addColumn('metadata', 'text', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addColumn('expires_at', 'text', (c) => c.notNull())
      .addColumn('volume_id', 'text')
      .addColumn('error', 'text')
      .execute()
    await db.schema
      .createTable('upload_parts')
      .addColumn('upload_id', 'text', (c) => c.notNull().references('uploads.upload_id').onDelete('cascade'))
      .addColumn('part_index', 'integer', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('sha256', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('upload_parts_key', ['upload_id', 'part_index'])
      .execute()
    await db.schema
      .createTable('volumes')
      .addColumn('volume_id', 'text', (c) => c.primaryKey())
      .addColumn('owner', 'text', (c) => c.notNull())
      .addColumn('filename', 'text', (c) => c.notNull())
      .addColumn('path', 'text', (c) => c.notNull())
      .addColumn('is_managed', 'integer', (c) => c.notNull())
      .addColumn('format', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('sha256', 'text', (c) => c.notNull())
      .addColumn('header', 'text', (c) => c.notNull())
      .addColumn('mode0', 'text')
      .addColumn('created_at', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('volumes_by_hash').on('volumes').columns(['owner', 'sha256']).execute()
    await db.schema
      .createTable('jobs')
      .addColumn('job_id', 'text', (c) => c.primaryKey())
      .addColumn('owner', 'text', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('attempt', 'integer', (c) => c.notNull())
      .addColumn('volume_id', 'text', (c) => c.notNull())
      .addColumn('model', 'text', (c) => c.notNull())
      .addColumn('model_version', 'text', (c) => c.notNull())
      .addColumn('params', 'text', (c) => c.notNull())
      .addColumn('effective_params', 'text')
      .addColumn('preview', 'text', (c) => c.notNull())
      .addColumn('warnings', 'text', (c) => c.notNull())
      .addColumn('result', 'text')
      .addColumn('error', 'text')
      .addColumn('device', 'text')
      .addColumn('tiles_done', 'integer', (c) => c.notNull())
      .addColumn('tiles_total', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addColumn('started_at', 'text')
      .addColumn('finished_at', 'text')
      .execute()
    await db.schema.createIndex('jobs_by_state').on('jobs').columns(['state', 'job_id']).execute()
    await db.schema
      .createTable('artifacts')
      .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.job_id').onDelete('cascade'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('attempt', 'integer', (c) => c.notNull())
      .addColumn('media_type', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('sha256', 'text', (c) => c.notNull())
      .addColumn('warnings', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('artifacts_key', ['job_id', 'name'])
      .execute()
    await db.schema
      .createTable('job_events')
      .addColumn('job_id', 'text', (c) => c.notNull().references('jobs.job_id').onDelete('cascade'))
      .addColumn('seq', 'bigint', (c) => c.notNull())
      .addColumn('frame', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('job_events_key', ['job_id', 'seq'])
      .execute()
  },
}

/** Jobs over several volumes, and what a job will hold in memory. */
const channelsAndMemory: Migration = {
  up: async (db) => {
    await db.schema
      .alterTable('jobs')
      .addColumn('more_volume_ids', 'text', (c) => c.notNull().defaultTo('[]'))
      .execute()
    await db.schema.alterTable('jobs').addColumn('memory', 'text').execute()
  },
}

/** Which network a job ran, beside its version. */
const modelHash: Migration = {
  up: async (db) => {
    await db.schema.alterTable('jobs').addColumn('model_sha256', 'text').execute()
  },
}

/** Users with tokens, groups with projects and models of their own, and who did what. */
const people: Migration = {
  up: async (db) => {
    await db.schema
      .createTable('tokens')
      .addColumn('token_id', 'text', (c) => c.primaryKey())
      .addColumn('user_name', 'text', (c) => c.notNull())
      .addColumn('label', 'text', (c) => c.notNull())
      .addColumn('hash', 'text', (c) => c.notNull().unique())
      .addColumn('scopes', 'text', (c) => c.notNull())
      .addColumn('created_at', 'text', (c) => c.notNull())
      .addColumn('expires_at', 'text')
      .addColumn('revoked_at', 'text')
      .addColumn('last_used_at', 'text')
      .execute()
    await db.schema
      .createTable('memberships')
      .addColumn('user_name', 'text', (c) => c.notNull())
      .addColumn('group_name', 'text', (c) => c.notNull())
      .addColumn('source', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('memberships_key', ['user_name', 'group_name', 'source'])
      .execute()
    await db.schema
      .createTable('model_groups')
      .addColumn('model', 'text', (c) => c.notNull())
      .addColumn('group_name', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('model_groups_key', ['model', 'group_name'])
      .execute()
    await db.schema
      .createTable('audit')
      .addColumn('entry_id', 'text', (c) => c.primaryKey())
      .addColumn('time', 'text', (c) => c.notNull())
      .addColumn('user_name', 'text', (c) => c.notNull())
      .addColumn('token_id', 'text')
      .addColumn('action', 'text', (c) => c.notNull())
      .addColumn('subject', 'text')
      .addColumn('status', 'integer', (c) => c.notNull())
      .addColumn('address', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('audit_by_time').on('audit').column('time').execute()
    for (const table of ['volumes', 'jobs']) {
      await db.schema.alterTable(table).addColumn('project', 'text').execute()
      await db.schema.createIndex(`${table}_by_project`).on(table).column('project').execute()
    }
  },
}

/** What files were that volumes only refer to. */
const pinnedFiles: Migration = {
  up: async (db) => {
    await db.schema.alterTable('volumes').addColumn('files', 'text').execute()
  },
}

const MIGRATIONS: Record<string, Migration> = {
  '0001_first': first,
  '0002_channels_and_memory': channelsAndMemory,
  '0003_model_hash': modelHash,
  '0004_people': people,
  '0010_queue': queueMigration,
  '0011_pinned_files': pinnedFiles,
}

/** How often the steps are begun when another program makes them at the same time. */
const MOST_ATTEMPTS = 5

/**
 * Brings the tables to the newest form, in one transaction. Runs at every start. Programs that start together make each
 * step once: PostgreSQL lets one in by a lock of Kysely's, SQLite refuses the second, which then finds it done.
 * @throws {DomainError} `database_newer` when a step was made that this program does not know
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  for (let attempt = 1; ; attempt++) {
    const { error } = await migrator.migrateToLatest()
    if (!error) return
    const [, step] = /previously executed migration (\S+) is missing/.exec(String(error)) ?? []
    if (step) throw new DomainError('database_newer', { step, cause: error })
    if (attempt >= MOST_ATTEMPTS || !isConflict(error)) throw error
  }
}
