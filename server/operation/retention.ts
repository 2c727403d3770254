import { readdir, rm, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { ServerConfig } from '../config.ts'
import type { JobRecord, JobRepository } from '../jobs/job-repository.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'

const DAY_MS = 86_400_000

/** Files of the cache that are this young may be in the making. */
const YOUNG_MS = 60_000

/** What is this young does not go for a new upload: its owner may be about to use it. */
const FRESH_MS = DAY_MS

/** Folders that nothing refers to are kept this long: somebody may be repairing something by hand. */
const UNKNOWN_MS = 3 * DAY_MS

export interface RetentionNeeds {
  config: Pick<ServerConfig, 'dataFolder' | 'retentionDays' | 'artifactDays' | 'minFreeBytes' | 'maxCacheBytes'>
  jobs: Pick<JobRepository, 'find' | 'withArtifacts' | 'artifacts' | 'expireArtifacts' | 'unfinishedUser'>
  /** Files that the server received, oldest first. */
  managedVolumes: () => Promise<VolumeRecord[]>
  removeVolume: (record: VolumeRecord) => Promise<void>
  /** Whether anything refers to a folder of this name under `volumes/` or `jobs/`. */
  isKnown: (folder: 'volumes' | 'jobs', name: string) => Promise<boolean>
  jobFolder: (jobId: string) => string
  log: { info(facts: object, text: string): void; error(facts: object, text: string): void }
  /** False while the clock may be wrong: nothing goes for its age. */
  isClockSure?: () => boolean
  nowMs?: () => number
  /** Bytes free for us on the disk of the data folder. */
  freeBytes?: () => Promise<number>
}

/**
 * Removes results and volumes that are too old, and the oldest where the disk gets full. Never those of a job that
 * waits or runs, and never a file that the server did not receive itself.
 */
export class Retention {
  private readonly needs: RetentionNeeds

  constructor(needs: RetentionNeeds) {
    this.needs = needs
  }

  /** One round. What goes is logged, with ids but without names; what cannot go holds up nothing else. */
  async tidy(): Promise<void> {
    const { retentionDays, artifactDays } = this.needs.config
    const byAge = [
      () => this.removeResults((job) => isOlder(job.finishedAt, artifactDays, this.nowMs)),
      () => this.removeVolumes((volume) => isOlder(volume.createdAt, retentionDays, this.nowMs)),
      () => this.removeUnknown('volumes'),
      () => this.removeUnknown('jobs'),
    ]
    const steps = [
      ...((this.needs.isClockSure?.() ?? true) ? byAge : []),
      () => this.removeLeftovers(),
      () => this.boundCache(),
      // Nothing goes for want of space where nobody allowed anything to go.
      async () => artifactDays > 0 && this.removeResults(() => this.isDiskFull()),
      async () => retentionDays > 0 && this.removeVolumes(() => this.isDiskFull()),
    ]
    for (const step of steps) await this.tried(step, {}, 'a step of retention failed')
  }

  private async tried(work: () => Promise<unknown>, facts: object, text: string): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.needs.log.error({ err: error, ...facts }, text)
    }
  }

  private get nowMs(): number {
    return (this.needs.nowMs ?? Date.now)()
  }

  /**
   * Makes room for an upload as where the disk gets full, but of what is older than a day only. Where all of that were
   * too little, nothing goes.
   * @param wantedBytes to be free on the disk
   */
  async makeRoom(wantedBytes: number): Promise<void> {
    const { retentionDays, artifactDays } = this.needs.config
    if (retentionDays === 0 && artifactDays === 0) return
    if ((await this.freeBytes()) + (await this.removableBytes()) < wantedBytes) return
    const isNeeded = async () => (await this.freeBytes()) < wantedBytes
    if (artifactDays > 0) await this.removeResults(async (job) => this.isUsedUp(job.finishedAt) && isNeeded())
    if (retentionDays > 0) await this.removeVolumes(async (volume) => this.isUsedUp(volume.createdAt) && isNeeded())
  }

  private async removableBytes(): Promise<number> {
    const { jobs, managedVolumes, config } = this.needs
    let bytes = 0
    for (const { jobId, finishedAt } of config.artifactDays > 0 ? await jobs.withArtifacts() : []) {
      if (!this.isUsedUp(finishedAt)) continue
      for (const { sizeBytes } of await jobs.artifacts(jobId)) bytes += sizeBytes
    }
    for (const { volumeId, createdAt, sizeBytes } of config.retentionDays > 0 ? await managedVolumes() : [])
      if (this.isUsedUp(createdAt) && (await jobs.unfinishedUser(volumeId)) === null) bytes += sizeBytes
    return bytes
  }

  private isUsedUp(time: string | null): boolean {
    return time !== null && this.nowMs - Date.parse(time) > FRESH_MS
  }

  private async isDiskFull(): Promise<boolean> {
    const { minFreeBytes } = this.needs.config
    return minFreeBytes > 0 && (await this.freeBytes()) < minFreeBytes
  }

  private freeBytes(): Promise<number> {
    return (this.needs.freeBytes ?? (() => freeBytesOf(this.needs.config.dataFolder)))()
  }

  private async removeResults(mustGo: (job: JobRecord) => boolean | Promise<boolean>): Promise<void> {
    const { jobs, jobFolder, log } = this.needs
    for (const job of await jobs.withArtifacts()) {
      if (!(await mustGo(job))) continue
      const facts = { job_id: job.jobId }
      const remove = async () => {
        if (!(await jobs.expireArtifacts(job.jobId, job.attempt, new Date(this.nowMs).toISOString()))) return
        await rm(path.join(jobFolder(job.jobId), `attempt-${job.attempt}`), { recursive: true, force: true })
        log.info(facts, 'results removed by retention')
      }
      await this.tried(remove, facts, 'results could not be removed')
    }
  }

  /** Folders of results that are recorded as gone and could not be removed then. */
  private async removeLeftovers(): Promise<void> {
    const root = path.join(this.needs.config.dataFolder, 'jobs')
    for (const jobId of await readdir(root).catch(() => [])) {
      const names = await readdir(path.join(root, jobId)).catch(() => [])
      const attempts = names.flatMap((name) => /^attempt-(\d+)$/.exec(name)?.[1] ?? [])
      const last = attempts.length > 0 ? await this.lastAttemptGone(jobId) : -1
      for (const attempt of attempts.filter((number) => Number(number) <= last)) {
        const remove = async () => {
          await rm(path.join(root, jobId, `attempt-${attempt}`), { recursive: true, force: true })
          this.needs.log.info({ job_id: jobId }, 'results removed that could not be removed before')
        }
        await this.tried(remove, { job_id: jobId }, 'results could not be removed')
      }
    }
  }

  /** The last attempt of a job of which nothing is to be kept; -1 where everything is. */
  private async lastAttemptGone(jobId: string): Promise<number> {
    const { jobs } = this.needs
    const job = await jobs.find(jobId)
    if (!job || job.finishedAt === null) return -1
    // What failed or was deleted a while ago has no results either.
    const isOver = job.artifactsRemovedAt !== null || this.isUsedUp(job.finishedAt)
    const isGone = isOver && (await jobs.artifacts(jobId)).length === 0
    return isGone ? job.attempt : job.attempt - 1
  }

  private async removeVolumes(mustGo: (volume: VolumeRecord) => boolean | Promise<boolean>): Promise<void> {
    const { jobs, managedVolumes, removeVolume, log } = this.needs
    for (const volume of await managedVolumes()) {
      if (!(await mustGo(volume)) || (await jobs.unfinishedUser(volume.volumeId)) !== null) continue
      const facts = { volume_id: volume.volumeId, bytes: volume.sizeBytes }
      const remove = async () => {
        await removeVolume(volume)
        log.info(facts, 'volume removed by retention')
      }
      await this.tried(remove, facts, 'volume could not be removed')
    }
  }

  /** What a stop between making or removing a folder and recording it left, or a database of before it was made. */
  private async removeUnknown(kind: 'volumes' | 'jobs'): Promise<void> {
    const root = path.join(this.needs.config.dataFolder, kind)
    for (const name of await readdir(root).catch(() => [])) {
      const info = await stat(path.join(root, name)).catch(() => null)
      if (!info?.isDirectory() || this.nowMs - info.mtimeMs < UNKNOWN_MS) continue
      if (await this.needs.isKnown(kind, name)) continue
      const remove = async () => {
        await rm(path.join(root, name), { recursive: true, force: true })
        this.needs.log.info({ kind, name }, 'folder removed that nothing refers to')
      }
      await this.tried(remove, { kind, name }, 'folder could not be removed that nothing refers to')
    }
  }

  /** The files that were written longest ago go first. */
  private async boundCache(): Promise<void> {
    const folder = path.join(this.needs.config.dataFolder, 'cache')
    const names = await readdir(folder).catch(() => [])
    const found = await Promise.all(
      names.map(async (name) => {
        const file = path.join(folder, name)
        const info = await stat(file).catch(() => null)
        return info && { file, info }
      }),
    )
    // One that was renamed or removed meanwhile is not there to be bounded.
    const files = found.filter((one) => one !== null)
    files.sort((a, b) => a.info.mtimeMs - b.info.mtimeMs)
    let bytes = files.reduce((sum, { info }) => sum + info.size, 0)
    for (const { file, info } of files) {
      if (bytes <= this.needs.config.maxCacheBytes) return
      if (!info.isFile() || this.nowMs - info.mtimeMs < YOUNG_MS) continue
      const remove = async () => {
        await rm(file, { force: true })
        bytes -= info.size
      }
      await this.tried(remove, {}, 'statistics could not be removed')
    }
  }
}

/** @param days 0: nothing is too old */
function isOlder(time: string | null, days: number, nowMs: number): boolean {
  return days > 0 && time !== null && nowMs - Date.parse(time) > days * DAY_MS
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
