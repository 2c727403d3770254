import { type Kysely, sql } from 'kysely'
import type { OverviewRepository, UserHoldings } from '../operation/overview-repository.ts'
import type { Tables } from './database-tables.ts'

/** Sums over the tables, for the people who run the server. */
export function createOverviewRepository(db: Kysely<Tables>): OverviewRepository {
  return {
    holdings: () => holdings(db),
    lastFinished: async (limit) => {
      const query = db.selectFrom('jobs').select('job_id').where('finished_at', 'is not', null)
      return (await query.orderBy('finished_at', 'desc').limit(limit).execute()).map((row) => row.job_id)
    },
  }
}

async function holdings(db: Kysely<Tables>): Promise<UserHoldings[]> {
  const count = sql<number>`count(*)`
  const volumes = await db
    .selectFrom('volumes')
    .select(['owner', count.as('number'), sql<number>`sum(size_bytes)`.as('bytes')])
    .where('is_managed', '=', 1)
    .groupBy('owner')
    .execute()
  const uploads = await db
    .selectFrom('uploads')
    .select(['owner', count.as('number'), sql<number>`sum(total_size)`.as('bytes')])
    .where('state', 'in', ['receiving', 'verifying'])
    .groupBy('owner')
    .execute()
  const artifacts = await db
    .selectFrom('artifacts')
    .innerJoin('jobs', 'jobs.job_id', 'artifacts.job_id')
    .select(['jobs.owner', sql<number>`sum(artifacts.size_bytes)`.as('bytes')])
    .groupBy('jobs.owner')
    .execute()
  const users = new Set([...volumes, ...uploads, ...artifacts].map((row) => row.owner))
  return [...users].sort().map((user) => {
    const volume = volumes.find((row) => row.owner === user)
    const upload = uploads.find((row) => row.owner === user)
    return {
      user,
      volumes: Number(volume?.number ?? 0),
      volumeBytes: Number(volume?.bytes ?? 0),
      uploadsOpen: Number(upload?.number ?? 0),
      uploadBytes: Number(upload?.bytes ?? 0),
      artifactBytes: Number(artifacts.find((row) => row.owner === user)?.bytes ?? 0),
    }
  })
}
