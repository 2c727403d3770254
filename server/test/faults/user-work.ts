import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { CryoMambaClient } from '../../../shared/client/api.ts'
import { createClient } from '../../../shared/client/client.ts'
import type { Job } from '../../../shared/contract/jobs.ts'
import type { Volume } from '../../../shared/contract/volumes.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { Zyx } from '../../../shared/volume/zyx.ts'
import { firstDifference, type KnownVolume, knownVolume, maskVoxels, sha256Of, sourceOf } from './known-volume.ts'
import type { Person } from './people.ts'
import type { Random } from './seeded-random.ts'
import type { AcceptedJob, World } from './world.ts'

/** How long a user goes on trying before the run calls it a hang. */
const PATIENCE_MS = 240_000

/** Pause of a user between two tries. */
const PAUSE_MS = 400

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Tries until it works, as a user would: only after problems that the server calls retryable, and not for ever. */
export async function patiently<T>(world: World, what: string, attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isRetryable = error instanceof DomainError && error.retryable
      if (error instanceof DomainError && error.code === 'disk_full') world.tally.add('disk_full_answers')
      if (!isRetryable || performance.now() > endMs) throw new Error(`${what}: ${textOf(error)}`, { cause: error })
      await pause(PAUSE_MS)
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof DomainError ? `${error.code}: ${error.message}` : String(error)
}

export interface WorkPlan {
  person: Person
  /** Address at which this user reaches the server; asked again for every step. */
  url: () => string
  shapeZyx: Zyx
  random: Random
  /** Small tiles make a job long. */
  patchZyx?: Zyx
  /** Puts the job aside now and then, and lets it go on. */
  pauses?: boolean
}

/** One user: sends a volume, queues a job, watches it, fetches what it left and compares every byte with what is known. */
export async function workOf(world: World, plan: WorkPlan): Promise<void> {
  const { person } = plan
  const client = () => createClient({ url: plan.url(), token: person.token })
  const volume = knownVolume(plan.random, plan.shapeZyx)
  try {
    const stored = await sendVolume(world, person, client, volume, plan.random)
    const job = await queueJob(world, plan, client, stored.volume_id, volume)
    const finished = finishJob(world, client, job)
    await Promise.all([finished, plan.pauses ? pauseNowAndThen(world, client, job, plan.random, finished) : undefined])
    await checkArtifacts(world, client, job)
  } catch (error) {
    world.tally.wrong(`${person.user}: ${(error as Error).message}`)
  }
}

export async function sendVolume(
  world: World,
  person: Person,
  client: () => CryoMambaClient,
  volume: KnownVolume,
  random: Random,
): Promise<Volume> {
  const { tally } = world
  const filename = `${person.user}-${random.whole(0, 1e9)}.mrc`
  const source = sourceOf(volume.bytes, filename)
  const stored = await patiently(world, 'upload', () => client().upload(source, { filename, concurrency: 2 }))
  tally.add('uploads')
  tally.add('upload_bytes', volume.bytes.length)
  tally.add('parts_accepted', Math.ceil(volume.bytes.length / 65536))
  if (stored.sha256 !== volume.sha256) tally.wrong(`${person.user}: the volume has another hash than was sent`)
  world.volumes.push({ volumeId: stored.volume_id, person, volume })
  return stored
}

export async function queueJob(
  world: World,
  plan: Pick<WorkPlan, 'person' | 'patchZyx'>,
  client: () => CryoMambaClient,
  volumeId: string,
  volume: KnownVolume,
): Promise<AcceptedJob> {
  const created = await patiently(world, 'job', () =>
    client().createJob({
      volume_id: volumeId,
      model: 'threshold',
      params: { patch_zyx: [...(plan.patchZyx ?? ([16, 32, 32] as const))], probability: false },
      preview: { enabled: true, factor: 4, interval_seconds: 0 },
    }),
  )
  world.tally.add('jobs_created')
  const job = { jobId: created.job_id, person: plan.person, volume }
  world.jobs.push(job)
  return job
}

/** Watches a job to its end. A failure that the server calls retryable is tried again; any other is wrong. */
export async function finishJob(world: World, client: () => CryoMambaClient, { jobId }: AcceptedJob): Promise<Job> {
  const { tally } = world
  const onFrame = () => tally.add('live_events')
  for (;;) {
    const ended = await patiently(world, 'watching', () => client().watchJob(jobId, { onFrame }))
    if (ended.attempt > 1) tally.add('jobs_tried_again')
    if (ended.state === 'completed') {
      tally.add('jobs_completed')
      tally.add('tiles_resumed', ended.result?.tiles_resumed ?? 0)
      return ended
    }
    if (!ended.error?.retryable) throw new Error(`job ${jobId} is ${ended.state}: ${JSON.stringify(ended.error)}`)
    tally.add('jobs_failed_retryable')
    await pause(PAUSE_MS)
    await patiently(world, 'retry', () => retryOnce(client(), jobId))
  }
}

/** Pauses a job and resumes it at random moments until it has ended. */
async function pauseNowAndThen(
  world: World,
  client: () => CryoMambaClient,
  { jobId }: AcceptedJob,
  random: Random,
  finished: Promise<Job>,
): Promise<void> {
  let hasEnded = false
  const end = () => {
    hasEnded = true
  }
  finished.then(end, end)
  while (!hasEnded) {
    await pause(random.whole(300, 1500))
    if (await inState(world, () => client().pauseJob(jobId))) world.tally.add('jobs_paused')
    await pause(random.whole(0, 500))
    await inState(world, () => client().resumeJob(jobId))
  }
}

/** False where the job was in another state than the request is for: it had ended, or is not paused yet. */
async function inState(world: World, ask: () => Promise<Job>): Promise<boolean> {
  try {
    await patiently(world, 'pause', ask)
    return true
  } catch (error) {
    if ((error as { cause?: { code?: string } }).cause?.code === 'job_state') return false
    throw error
  }
}

/** The answer of a retry may have been cut off: then the job is no longer failed. */
async function retryOnce(client: CryoMambaClient, jobId: string): Promise<void> {
  const job = await client.job(jobId)
  if (job.state === 'failed') await client.retryJob(jobId)
}

/** Downloads all artifacts: hashes as announced, and every mask voxel for voxel what was computed without the product. */
export async function checkArtifacts(world: World, client: () => CryoMambaClient, job: AcceptedJob): Promise<void> {
  const { tally } = world
  const folder = path.join(world.root, 'downloads', job.jobId)
  await mkdir(folder, { recursive: true })
  const names = (await patiently(world, 'artifacts', () => client().artifacts(job.jobId))).map(({ name }) => name)
  if (!names.includes('mask.mrc')) tally.loss(`job ${job.jobId} has no mask`)
  for (const name of names) {
    const file = path.join(folder, name)
    const artifact = await patiently(world, `download of ${name}`, async () => {
      const found = (await client().artifacts(job.jobId)).find((one) => one.name === name)
      if (!found) throw new Error(`${name} of ${job.jobId} is gone`)
      await client().downloadArtifact(found, file)
      return found
    })
    tally.add('downloads')
    tally.add('download_bytes', artifact.size_bytes)
    if (sha256Of(await readFile(file)) !== artifact.sha256) tally.wrong(`${name} of ${job.jobId} has another hash`)
    tally.add('artifacts_checked')
    const voxels = await maskVoxels(file, name)
    if (!voxels) continue
    const difference = firstDifference(voxels, job.volume.expected)
    if (difference) tally.wrong(`${name} of ${job.jobId}: ${difference}`)
    tally.add('masks_checked')
  }
  await rm(folder, { recursive: true, force: true })
}
