import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { CreateJob, Job, JobProgress, JobState } from '../../shared/contract/jobs.ts'
import { DomainError, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import type { RunProgress, WrittenArtifact } from '../inference/messages.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import { checkSameGrid } from '../inference/same-grid.ts'
import { exactName, type ModelPackage, type ModelRegistry } from '../models/model-registry.ts'
import { checkOwner, type Projects } from '../people/projects.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { effectiveParams } from './effective-params.ts'
import type { JobEvents } from './job-events.ts'
import { JobQueue } from './job-queue.ts'
import type { JobChange, JobRecord, JobRepository } from './job-repository.ts'
import { checkMove, isFinished, statesBefore } from './job-state.ts'
import { jobView, runningProgress } from './job-view.ts'
import { numTilesOf, planJob } from './plan-job.ts'
import type { QueueRepository } from './queue-repository.ts'

/** How soon a failure that could not be recorded is tried again. */
const RECORD_AGAIN_MS = 5_000

const DEFAULT_PREVIEW = { enabled: true } as const

export interface JobServiceNeeds {
  jobs: JobRepository
  volumes: VolumeService
  models: ModelRegistry
  events: JobEvents
  config: Pick<
    ServerConfig,
    | 'dataFolder'
    | 'devices'
    | 'threads'
    | 'blendThreads'
    | 'memoryLimitBytes'
    | 'maySpill'
    | 'hangSeconds'
    | 'previewSeconds'
    | 'jobsPerUser'
    | 'maxQueuedPerUser'
    | 'maxQueued'
    | 'jobHours'
    | 'fairShareHours'
    | 'leaseSeconds'
  >
  projects: Projects
  /** What the queue remembers. */
  queueMemory: QueueRepository
  newId: () => string
}

/**
 * Jobs as users see them, and every move between their states.
 * A move is a compare-and-set on state and attempt, so that a late worker can never change a later attempt.
 */
export class JobService {
  /** Told when a job was queued or must stop; set by the runner. */
  onQueued: () => void = () => undefined
  onCancel: (jobId: string) => void = () => undefined
  private readonly live = new Map<string, RunProgress>()
  /** Failures that could not be recorded yet, because the disk is full or the database is away; shown all the same. */
  private readonly unrecorded = new Map<string, NonNullable<Job['error']>>()
  readonly needs: JobServiceNeeds
  readonly queue: JobQueue
  private readonly toldPlaces = new Map<string, string>()

  constructor(needs: JobServiceNeeds) {
    this.needs = needs
    const { jobs, queueMemory: memory, config } = needs
    const liveProgress = (jobId: string) => this.live.get(jobId) ?? null
    this.queue = new JobQueue({ jobs, memory, config, liveProgress, nowMs: Date.now })
  }

  /**
   * Puts a job on the queue.
   * @param mostPriority what this user may ask for
   * @throws {DomainError} `model_not_found`, `volume_not_found`, `project_not_found`, `patch_not_divisible`,
   * `mirror_not_allowed`, `priority_not_allowed`, `queue_full`
   */
  async enqueue(owner: string, body: CreateJob, mostPriority = 0): Promise<Job> {
    const priority = body.priority ?? 0
    if (priority > mostPriority) throw new DomainError('priority_not_allowed', { most: mostPriority })
    await this.checkQueueLimits(owner)
    const { jobs, config, newId } = this.needs
    const { manifest } = await this.modelFor(owner, body.model)
    if (body.project !== undefined) await this.needs.projects.check(owner, body.project)
    const [volume, ...others] = await this.volumesOf(owner, body)
    checkModelIsSupported(manifest, 1 + others.length)
    checkSameGrid([volume, ...others].map(({ header, filename: name }) => ({ header, name })))
    const preview = body.preview ?? DEFAULT_PREVIEW
    const params = body.params ?? {}
    const inMemory = effectiveParams(params, preview, manifest, volume.header.shapeZyx, {
      provider: config.devices[0].provider,
      threads: config.threads,
    })
    const { memory, effective } = await planJob(manifest, [volume, ...others], inMemory, config, this.cacheFolder())
    const record: JobRecord = {
      jobId: newId(),
      owner,
      state: 'queued',
      attempt: 1,
      volumeId: volume.volumeId,
      moreVolumeIds: others.map(({ volumeId }) => volumeId),
      memory,
      model: manifest.id,
      modelVersion: manifest.version,
      modelSha256: manifest.onnx.sha256,
      params,
      effectiveParams: effective,
      preview,
      warnings: [],
      result: null,
      error: null,
      device: null,
      tilesDone: 0,
      tilesTotal: numTilesOf(manifest, volume.header, effective),
      createdAt: new Date().toISOString(),
      startedAt: null,
      finishedAt: null,
      project: body.project ?? null,
      priority,
      losses: 0,
      claimedBy: null,
      leaseUntil: null,
      artifactsRemovedAt: null,
    }
    await jobs.insert(record)
    await this.tellState(record.jobId, 'queued', 1)
    this.onQueued()
    return this.view(record)
  }

  /** @throws {DomainError} `queue_full` */
  private async checkQueueLimits(owner: string): Promise<void> {
    const { jobs, config } = this.needs
    const [own, all] = [await jobs.numQueued(owner), await jobs.numQueued(null)]
    if (own >= config.maxQueuedPerUser || all >= config.maxQueued)
      throw new DomainError('queue_full', { number: own >= config.maxQueuedPerUser ? own : all })
  }

  /** A model that this user may run. @throws {DomainError} `model_not_found` */
  async modelFor(owner: string, name: string): Promise<ModelPackage> {
    const found = this.needs.models.get(name)
    if (await this.needs.projects.mayUseModel(owner, found.manifest.id)) return found
    throw new DomainError('model_not_found', { model: name })
  }

  /** @throws {DomainError} `volume_not_found`, `request_invalid` */
  private async volumesOf(owner: string, { volume_id: id, volume_ids: ids }: CreateJob): Promise<VolumeRecord[]> {
    if ((id === undefined) === (ids === undefined))
      throw new DomainError('request_invalid', { reason: 'either volume_id or volume_ids must be given' })
    const found: VolumeRecord[] = []
    for (const one of ids ?? [id as string]) found.push(await this.needs.volumes.get(owner, one))
    return found
  }

  /** Where workers keep statistics of volumes and what networks were seen to need. */
  cacheFolder(): string {
    return path.join(this.needs.config.dataFolder, 'cache')
  }

  /** @throws {DomainError} `job_not_found` */
  async get(owner: string, jobId: string): Promise<Job> {
    return this.view(await this.find(owner, jobId))
  }

  async list(owner: string, limit: number, before: string | null, states?: readonly JobState[]): Promise<Job[]> {
    const projects = await this.needs.projects.of(owner)
    const records = await this.needs.jobs.list(owner, projects, limit, before, states)
    return Promise.all(records.map((record) => this.view(record)))
  }

  /**
   * Cancels an unfinished job; of a finished one the artifacts go.
   * @throws {DomainError} `job_not_found`, `not_owner`
   */
  async cancel(owner: string, jobId: string): Promise<Job> {
    const record = await this.findOwn(owner, jobId)
    if (isFinished(record.state)) {
      await this.needs.jobs.deleteArtifacts(jobId)
      await rm(this.jobFolder(jobId), { recursive: true, force: true })
      return this.view(record)
    }
    if (record.state === 'queued') await this.markCanceled(record.jobId, record.attempt)
    else this.onCancel(jobId)
    return this.get(owner, jobId)
  }

  /** Queues a failed or canceled job again as the next attempt. @throws {DomainError} `job_not_found`, `job_state`, `volume_not_found`, `model_not_found` */
  async retry(owner: string, jobId: string): Promise<Job> {
    const record = await this.findOwn(owner, jobId)
    const isUnrecorded = this.isUnrecorded(jobId)
    checkMove(isUnrecorded ? 'failed' : record.state, 'queued', 'starting again')
    for (const id of [record.volumeId, ...record.moreVolumeIds]) await this.needs.volumes.get(owner, id)
    await this.modelFor(owner, exactName(record.model, record.modelVersion))
    const isQueued = await this.requeue(record, 0)
    // It failed before it was marked as running, and that is not recorded yet: it never left the queue.
    if (!isQueued && isUnrecorded && this.unrecorded.delete(jobId)) this.onQueued()
    return this.get(owner, jobId)
  }

  /** @throws {DomainError} `job_not_found` */
  async artifacts(owner: string, jobId: string): Promise<WrittenArtifact[]> {
    checkNotExpired(await this.find(owner, jobId))
    return this.needs.jobs.artifacts(jobId)
  }

  /** Where an artifact of a job lies. @throws {DomainError} `artifact_not_found` */
  async artifactFile(jobId: string, name: string): Promise<{ file: string; artifact: WrittenArtifact }> {
    const record = await this.needs.jobs.find(jobId)
    if (record) checkNotExpired(record)
    const artifact = (await this.needs.jobs.artifacts(jobId)).find((one) => one.name === name)
    if (!record || !artifact) throw new DomainError('artifact_not_found', { name })
    return { file: path.join(this.attemptFolder(jobId, record.attempt), artifact.name), artifact }
  }

  /** A job that this user may see. @throws {DomainError} `job_not_found` */
  async find(owner: string, jobId: string): Promise<JobRecord> {
    const record = await this.needs.jobs.find(jobId)
    if (!record || !(await this.needs.projects.maySee(owner, record))) throw new DomainError('job_not_found', { jobId })
    return record
  }

  /** A job that this user may change. @throws {DomainError} `job_not_found`, `not_owner` */
  async findOwn(owner: string, jobId: string): Promise<JobRecord> {
    const record = await this.find(owner, jobId)
    checkOwner(owner, record)
    return record
  }

  /** Lets the members of a group see a job, or no longer. @throws {DomainError} `job_not_found`, `not_owner`, `project_not_found` */
  async share(owner: string, jobId: string, project: string | null): Promise<Job> {
    await this.findOwn(owner, jobId)
    if (project !== null) await this.needs.projects.check(owner, project)
    await this.needs.jobs.setProject(jobId, project)
    return this.get(owner, jobId)
  }

  jobFolder(jobId: string): string {
    return path.join(this.needs.config.dataFolder, 'jobs', jobId)
  }

  attemptFolder(jobId: string, attempt: number): string {
    return path.join(this.jobFolder(jobId), `attempt-${attempt}`)
  }

  /**
   * Back on the queue as the next attempt: a retry, or a worker or server that was lost.
   * @param losses how often it was lost since a user queued it
   */
  async requeue(record: JobRecord, losses = record.losses): Promise<boolean> {
    const change: JobChange = {
      attempt: record.attempt + 1,
      error: null,
      result: null,
      device: null,
      tilesDone: 0,
      startedAt: null,
      finishedAt: null,
      losses,
      claimedBy: null,
      leaseUntil: null,
      artifactsRemovedAt: null,
    }
    this.live.delete(record.jobId)
    const isMoved = await this.needs.jobs.move(record.jobId, record.attempt, statesBefore('queued'), 'queued', change)
    if (!isMoved) return false
    this.unrecorded.delete(record.jobId)
    await rm(this.attemptFolder(record.jobId, record.attempt), { recursive: true, force: true })
    await this.tellState(record.jobId, 'queued', record.attempt + 1)
    this.onQueued()
    return true
  }

  /** A job's move made by its worker; false when the job has moved on without it. */
  async move(jobId: string, attempt: number, to: JobState, change: JobChange): Promise<boolean> {
    const isMoved = await this.needs.jobs.move(jobId, attempt, statesBefore(to), to, change)
    if (isMoved) await this.tellState(jobId, to, attempt)
    return isMoved
  }

  async markCanceled(jobId: string, attempt: number): Promise<void> {
    this.live.delete(jobId)
    if (await this.move(jobId, attempt, 'canceled', { finishedAt: new Date().toISOString() })) {
      await rm(this.attemptFolder(jobId, attempt), { recursive: true, force: true })
    }
  }

  /** Ends a job with a failure. Where that cannot be recorded, users see it all the same, and it is recorded later. */
  async fail(jobId: string, attempt: number, { code, message, hint, retryable }: ProblemEnvelope): Promise<void> {
    const error = { code, message, hint, retryable }
    this.live.delete(jobId)
    try {
      const isMoved = await this.move(jobId, attempt, 'failed', { error, finishedAt: new Date().toISOString() })
      this.unrecorded.delete(jobId)
      if (!isMoved) return
    } catch {
      this.unrecorded.set(jobId, error)
      // Unless the job was started again meanwhile.
      const again = () => void (this.unrecorded.get(jobId) === error && this.fail(jobId, attempt, error))
      setTimeout(again, RECORD_AGAIN_MS).unref()
    }
    await this.record({ type: 'error', data: error }, jobId)
  }

  /** True for a job that has failed although its record does not say so yet. */
  isUnrecorded(jobId: string): boolean {
    return this.unrecorded.has(jobId)
  }

  async tellState(jobId: string, state: JobState, attempt: number): Promise<void> {
    await this.record({ type: 'state', data: { state, attempt } }, jobId)
  }

  /** Tells an event to whoever watches, then stores it; a full disk loses the stored copy, not the job. */
  async record(body: Parameters<JobEvents['publish']>[1], jobId: string): Promise<void> {
    const frame = this.needs.events.publish(jobId, body)
    await this.needs.jobs.addEvent(jobId, frame).catch(() => undefined)
  }

  /** Progress is told at once and kept in memory; the record gets it for those who ask later. */
  async tellProgress(jobId: string, attempt: number, progress: RunProgress): Promise<void> {
    this.live.set(jobId, progress)
    this.needs.events.publish(jobId, { type: 'progress', data: runningProgress(progress) })
    await this.needs.jobs.saveProgress(jobId, attempt, progress.tilesDone, progress.tilesTotal).catch(() => undefined)
  }

  /** Tells those who watch waiting jobs where these stand now, when that has changed. */
  async tellPlaces(): Promise<void> {
    const { jobs, events } = this.needs
    const watched = (await jobs.withState(['queued'])).filter(({ jobId }) => events.isWatched(jobId))
    for (const jobId of this.toldPlaces.keys())
      if (!watched.some((one) => one.jobId === jobId)) this.toldPlaces.delete(jobId)
    if (watched.length === 0) return
    const places = await this.queue.places()
    for (const { jobId, tilesTotal } of watched) {
      const place = places.get(jobId)
      // Estimates move with the clock; a second more or less is no news.
      const text = `${place?.queue_position} ${place?.estimated_start?.slice(0, -6)}`
      if (!place || this.toldPlaces.get(jobId) === text) continue
      this.toldPlaces.set(jobId, text)
      const data = { tiles_done: 0, tiles_total: tilesTotal, tiles_per_second: null, seconds_left: null, ...place }
      events.publish(jobId, { type: 'progress', data })
    }
  }

  forgetProgress(jobId: string): void {
    this.live.delete(jobId)
  }

  async view(stored: JobRecord): Promise<Job> {
    const unrecorded = this.unrecorded.get(stored.jobId)
    const record: JobRecord = unrecorded ? { ...stored, state: 'failed', error: unrecorded } : stored
    return jobView(record, await this.progressOf(record))
  }

  private async progressOf(record: JobRecord): Promise<JobProgress> {
    const live = this.live.get(record.jobId)
    if (live && !isFinished(record.state)) return runningProgress(live)
    const place = record.state === 'queued' ? (await this.queue.places()).get(record.jobId) : undefined
    return {
      tiles_done: record.tilesDone,
      tiles_total: record.tilesTotal,
      tiles_per_second: null,
      seconds_left: null,
      queue_position: place?.queue_position ?? null,
      estimated_start: place?.estimated_start ?? null,
    }
  }
}

/** @throws {DomainError} `artifact_expired` */
function checkNotExpired({ artifactsRemovedAt: time }: JobRecord): void {
  if (time !== null) throw new DomainError('artifact_expired', { time })
}
