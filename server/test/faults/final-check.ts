import { open, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { createClient } from '../../../shared/client/client.ts'
import type { Job } from '../../../shared/contract/jobs.ts'
import { openTables } from '../../adapters/open-database.ts'
import { databaseOfFolder } from '../shared-postgres.ts'
import { sha256Of } from './known-volume.ts'
import type { Person } from './people.ts'
import { pause } from './user-work.ts'
import type { World } from './world.ts'

/** Time for everything that is queued to finish. */
const JOBS_MS = 240_000

/** While the server runs: every job that was ever taken reaches its end, and everyone still sees all of theirs. */
export async function checkNothingLost(world: World): Promise<void> {
  const people = new Map<string, Person>()
  for (const { person } of [...world.jobs, ...world.volumes]) people.set(person.user, person)
  for (const person of people.values()) {
    const client = createClient({ url: world.server.url, token: person.token })
    const jobs = await endedJobs(world, client.jobs)
    const ids = new Set(jobs.map((job) => job.job_id))
    for (const job of jobs)
      if (job.state === 'failed' && !job.error?.retryable)
        world.tally.wrong(`job ${job.job_id} failed for good: ${JSON.stringify(job.error)}`)
    for (const job of world.jobs)
      if (job.person.user === person.user && !ids.has(job.jobId)) world.tally.loss(`job ${job.jobId}`)
    for (const { volumeId, person: owner, volume } of world.volumes) {
      if (owner.user !== person.user) continue
      const found = await client.volume(volumeId).catch(() => null)
      if (found?.sha256 !== volume.sha256) world.tally.loss(`volume ${volumeId} of ${person.user}`)
    }
  }
}

/** All jobs of a user, once none of them goes on. */
async function endedJobs(world: World, list: () => Promise<Job[]>): Promise<Job[]> {
  const endMs = performance.now() + JOBS_MS
  for (;;) {
    const jobs = await list()
    const going = jobs.filter(({ state }) => state !== 'completed' && state !== 'failed' && state !== 'canceled')
    if (going.length === 0) return jobs
    if (performance.now() > endMs) {
      for (const { job_id: id, state } of going) world.tally.loss(`job ${id} is still ${state}`)
      return jobs
    }
    await pause(200)
  }
}

/** With the server stopped: the bytes on the disk are those that were accepted, and the records agree with them. */
export async function checkDisk(world: World): Promise<void> {
  const databaseUrl = await databaseOfFolder(world.data)
  const db = await openTables({ dataFolder: world.data, databaseUrl })
  try {
    if (databaseUrl === null) await checkIntegrity(world, db)
    await checkVolumes(world, db)
    await checkParts(world, db)
    await checkArtifactFiles(world, db)
  } finally {
    await db.destroy()
  }
  await checkLeftovers(world)
}

type Database = Awaited<ReturnType<typeof openTables>>

async function checkIntegrity(world: World, db: Database): Promise<void> {
  const { sql } = await import('kysely')
  const found = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db)
  if (found.rows[0]?.integrity_check !== 'ok') world.tally.wrong(`database: ${JSON.stringify(found.rows)}`)
}

async function checkVolumes(world: World, db: Database): Promise<void> {
  const known = new Map(world.volumes.map((one) => [one.volumeId, one.volume.sha256]))
  for (const row of await db.selectFrom('volumes').selectAll().execute()) {
    const found = await readFile(path.resolve(world.data, row.path)).then(sha256Of, () => 'absent')
    if (found !== row.sha256 || found !== (known.get(row.volume_id) ?? found))
      world.tally.loss(`bytes of volume ${row.volume_id}: ${found} instead of ${row.sha256}`)
    known.delete(row.volume_id)
    world.tally.add('volumes_checked')
  }
  for (const id of known.keys()) world.tally.loss(`record of volume ${id}`)
}

async function checkParts(world: World, db: Database): Promise<void> {
  const uploads = await db.selectFrom('uploads').selectAll().where('state', '=', 'receiving').execute()
  const recorded = new Map<string, string>()
  for (const { upload_id: id, chunk_size: chunkBytes } of uploads) {
    const file = await open(path.join(world.data, 'uploads', `${id}.partial`), 'r').catch(() => null)
    if (!file) {
      world.tally.loss(`file of upload ${id}`)
      continue
    }
    for (const part of await db.selectFrom('upload_parts').selectAll().where('upload_id', '=', id).execute()) {
      const bytes = Buffer.alloc(part.size_bytes)
      await file.read(bytes, 0, bytes.length, part.part_index * chunkBytes)
      if (sha256Of(bytes) !== part.sha256) world.tally.loss(`bytes of part ${part.part_index} of upload ${id}`)
      recorded.set(`${id}/${part.part_index}`, part.sha256)
      world.tally.add('parts_checked')
    }
    await file.close()
  }
  for (const { uploadId, partIndex, sha256 } of world.parts)
    if (recorded.get(`${uploadId}/${partIndex}`) !== sha256)
      world.tally.loss(`accepted part ${partIndex} of upload ${uploadId}`)
}

/** Every artifact of a finished job is whole, and no other has any that counts. */
async function checkArtifactFiles(world: World, db: Database): Promise<void> {
  const jobs = await db.selectFrom('jobs').select(['job_id', 'state', 'attempt']).execute()
  for (const { job_id: id, state, attempt } of jobs) {
    const rows = await db.selectFrom('artifacts').selectAll().where('job_id', '=', id).execute()
    if (state === 'completed' && rows.length === 0 && !world.canceled.has(id))
      world.tally.loss(`artifacts of job ${id}`)
    for (const row of rows) {
      const file = path.join(world.data, 'jobs', id, `attempt-${attempt}`, row.name)
      const found = await readFile(file).then(sha256Of, () => 'absent')
      if (found !== row.sha256) world.tally.loss(`${row.name} of job ${id}: ${found}`)
      world.tally.add('artifacts_checked')
    }
    const attempts = await readdir(path.join(world.data, 'jobs', id)).catch(() => [])
    const spare = attempts.filter((name) => name !== `attempt-${attempt}` || state !== 'completed')
    if (spare.length > 0) world.tally.wrong(`job ${id} (${state}) left ${spare.join(', ')}`)
  }
}

/** Nothing half-written stays beside what counts. */
async function checkLeftovers(world: World): Promise<void> {
  for (const item of await readdir(world.data, { recursive: true })) {
    const isUpload = item.startsWith(`uploads${path.sep}`)
    if (item.endsWith('.partial') && !isUpload && (await stat(path.join(world.data, item))).isFile())
      world.tally.wrong(`left over: ${item}`)
  }
}
