import type { CryoMambaClient } from '../../shared/client/api.ts'
import type { Connection, OpenedVolume } from '../../shared/contract/bridge.ts'
import type { Job, JobList } from '../../shared/contract/jobs.ts'
import {
  type AdoptJob,
  type JobsLookedAt,
  MOST_JOBS,
  type OtherJob,
  type OtherJobList,
  type VolumeMatch,
} from '../../shared/contract/other-jobs.ts'
import type { Volume } from '../../shared/contract/volumes.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { FileMatch } from './file-match.ts'
import { KnownVolumes, volumeOf } from './known-volumes.ts'
import type { Runs } from './runs.ts'

/** The longest list that a server gives at once. */
const PAGE = 200

interface OpenFile {
  volume: OpenedVolume
  file: string
}

export interface OtherJobsDeps {
  current: () => { client: CryoMambaClient; connection: Connection }
  runs: Pick<Runs, 'jobIds' | 'adopt' | 'layOver' | 'jobOf'>
  openFile: () => OpenFile | null
}

/** Jobs of the server in use that were made elsewhere, and whether their volumes are the open file. */
export class OtherJobs {
  private readonly deps: OtherJobsDeps
  private readonly matches = new FileMatch()
  private readonly volumes = new KnownVolumes()

  constructor(deps: OtherJobsDeps) {
    this.deps = deps
  }

  /**
   * Newest first, of so many of the server's jobs; none for the server on this computer, which nobody else uses.
   * @throws {DomainError} `not_connected`
   */
  async list({ most_jobs: most }: JobsLookedAt): Promise<OtherJobList> {
    const { client, connection } = this.deps.current()
    if (connection.kind === 'local') return { jobs: [], has_older: false }
    const known = new Set(this.deps.runs.jobIds)
    const isMine = ({ owner }: Job) => owner === undefined || !connection.me || owner === connection.me.user
    const { jobs, hasOlder } = await newestJobs(client, most)
    const found = jobs.filter((job) => !known.has(job.job_id) && isMine(job))
    const volumes = await this.volumes.find(
      client,
      found.map(({ volume_id }) => volume_id),
    )
    const shown = found.map((job) => this.shown(job, volumes.get(job.volume_id) ?? null))
    return { jobs: await Promise.all(shown), has_older: hasOlder && most < MOST_JOBS }
  }

  /** Follows a job as a run of this program; over the open file where that is its volume. */
  async adopt({ job_id: jobId, is_retry: isRetry }: AdoptJob): Promise<{ run_ref: string }> {
    const { client } = this.deps.current()
    const job = await client.job(jobId)
    const volume = await volumeOf(client, job.volume_id)
    const open = volume && (await this.openFileOf(volume))
    const { run_ref } = this.deps.runs.adopt({ job, volumeName: volume?.filename ?? job.volume_id, open, isRetry })
    return { run_ref }
  }

  /** Lays a run without a file over the open one. @throws {DomainError} `run_volume_elsewhere` where it is another */
  async layOverOpenFile(runRef: string): Promise<void> {
    const { job, client, name } = await this.deps.runs.jobOf(runRef)
    const volume = job && (await volumeOf(client, job.volume_id))
    const open = volume && (await this.openFileOf(volume))
    if (!open) throw new DomainError('run_volume_elsewhere', { name })
    this.deps.runs.layOver(runRef, open)
  }

  private async openFileOf(volume: Volume): Promise<OpenFile | null> {
    const open = this.deps.openFile()
    return open && (await this.matches.isSame(volume, open.file, open.volume.mode0)) ? open : null
  }

  private async shown(job: Job, volume: Volume | null): Promise<OtherJob> {
    const open = this.deps.openFile()
    const match: VolumeMatch = !volume
      ? 'gone'
      : open
        ? await this.matches.look(volume, open.file, open.volume.mode0)
        : 'other'
    const { job_id, state, model, created_at, progress, error } = job
    return { job_id, state, model, created_at, volume_name: volume?.filename ?? null, match, progress, error }
  }
}

async function newestJobs(client: CryoMambaClient, most: number): Promise<{ jobs: Job[]; hasOlder: boolean }> {
  const jobs: Job[] = []
  let cursor: string | null = null
  do {
    const page: JobList = await client.jobPage({ limit: Math.min(PAGE, most - jobs.length), cursor })
    jobs.push(...page.jobs)
    cursor = page.next_cursor
  } while (cursor !== null && jobs.length < most)
  return { jobs, hasOlder: cursor !== null }
}
