import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { CreateJob, Job } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import type { WrittenArtifact } from '../inference/messages.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import { checkSameGrid } from '../inference/same-grid.ts'
import type { ModelPackage } from '../models/load-package.ts'
import { exactName, type ModelRegistry } from '../models/model-registry.ts'
import { checkOwner, type Projects } from '../people/projects.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { effectiveParams } from './effective-params.ts'
import type { JobEvents } from './job-events.ts'
import { JobMoves } from './job-moves.ts'
import type { JobPage, JobRecord, JobRepository } from './job-repository.ts'
import { checkMove, isFinished, RUNNING } from './job-state.ts'
import { numTilesOf, planJob, planWarnings } from './plan-job.ts'
import type { QueueRepository } from './queue-repository.ts'
import { ResultQuota } from './result-quota.ts'

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
    | 'checkpointSeconds'
    | 'jobsPerUser'
    | 'maxQueuedPerUser'
    | 'maxQueued'
    | 'jobHours'
    | 'fairShareHours'
    | 'leaseSeconds'
    | 'userQuotaBytes'
  >
  projects: Projects
  /** What the queue remembers. */
  queueMemory: QueueRepository
  /** What a user's volumes, unfinished uploads and artifacts take. */
  usedBytes: (owner: string) => Promise<number>
  newId: () => string
}

/** Jobs as users see and ask for them. */
export class JobService {
  /** Told when a job that runs must stop; set by the runner. */
  onCancel: (jobId: string) => void = () => undefined
  /** Told when a job that runs must stop and keep what it has; set by the runner. */
  onPause: (jobId: string) => void = () => undefined
  readonly needs: JobServiceNeeds
  readonly moves: JobMoves
  readonly quota: ResultQuota

  constructor(needs: JobServiceNeeds) {
    this.needs = needs
    this.quota = new ResultQuota(needs)
    this.moves = new JobMoves(needs)
  }

  /**
   * Puts a job on the queue.
   * @param mostPriority what this user may ask for
   * @throws {DomainError} `model_not_found`, `volume_not_found`, `project_not_found`, `patch_not_divisible`,
   * `mirror_not_allowed`, `priority_not_allowed`, `queue_full`, `quota_exceeded`
   */
  async enqueue(owner: string, body: CreateJob, mostPriority = 0): Promise<Job> {
    const priority = body.priority ?? 0
    if (priority > mostPriority) throw new DomainError('priority_not_allowed', { most: mostPriority })
    await this.checkQueueLimits(owner)
    const { jobs, config, newId } = this.needs
    const { manifest, network } = await this.modelFor(owner, body.model)
    if (body.project !== undefined) await this.needs.projects.check(owner, body.project)
    const [volume, ...others] = await this.volumesOf(owner, body)
    for (const one of [volume, ...others]) await this.needs.volumes.checkThere(one)
    checkModelIsSupported(manifest, 1 + others.length)
    checkSameGrid([volume, ...others].map(({ header, filename: name }) => ({ header, name })))
    const preview = body.preview ?? DEFAULT_PREVIEW
    const params = body.params ?? {}
    const device = { provider: config.devices[0].provider, threads: config.threads }
    const inMemory = effectiveParams(params, preview, manifest, volume.header.shapeZyx, device, network)
    const model = { manifest, network }
    const plan = await planJob(model, [volume, ...others], inMemory, config, this.cacheFolder())
    const { memory, effective } = plan
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
      warnings: planWarnings(plan),
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
    const bytes = () => this.quota.bytesOf(record)
    await this.quota.admit(owner, bytes, () => jobs.insert(record))
    await this.moves.tellState(record.jobId, 'queued', 1)
    this.moves.onQueued()
    return this.moves.view(record)
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
    return this.moves.view(await this.find(owner, jobId))
  }

  async list(owner: string, page: JobPage): Promise<Job[]> {
    const records = await this.needs.jobs.list(owner, await this.needs.projects.of(owner), page)
    return Promise.all(records.map((record) => this.moves.view(record)))
  }

  /**
   * Cancels an unfinished job; of a finished one the artifacts go.
   * @throws {DomainError} `job_not_found`, `not_owner`
   */
  async cancel(owner: string, jobId: string): Promise<Job> {
    const record = await this.findOwn(owner, jobId)
    if (isFinished(record.state)) {
      await this.needs.jobs.deleteArtifacts(jobId)
      await rm(this.moves.jobFolder(jobId), { recursive: true, force: true })
      return this.moves.view(record)
    }
    if (RUNNING.includes(record.state)) this.onCancel(jobId)
    // Where it has begun or was resumed meanwhile, its worker must be told.
    else if (!(await this.moves.markCanceled(jobId, record.attempt, [record.state]))) return this.cancel(owner, jobId)
    return this.get(owner, jobId)
  }

  /**
   * Puts an unfinished job aside: one that runs stops at its next tile and keeps what is finished.
   * @throws {DomainError} `job_not_found`, `not_owner`, `job_state`
   */
  async pause(owner: string, jobId: string): Promise<Job> {
    const record = await this.findOwn(owner, jobId)
    if (record.state !== 'paused') checkMove(record.state, 'paused', 'pausing')
    if (RUNNING.includes(record.state)) this.onPause(jobId)
    else if (record.state === 'queued') {
      // Where it has begun meanwhile, its worker must be told.
      if (!(await this.moves.pause(jobId, record.attempt, ['queued']))) return this.pause(owner, jobId)
    }
    return this.get(owner, jobId)
  }

  /**
   * Queues a paused job as the next attempt, which goes on from what was finished.
   * @throws {DomainError} `job_not_found`, `not_owner`, `job_state`
   */
  async resume(owner: string, jobId: string): Promise<Job> {
    const record = await this.findOwn(owner, jobId)
    if (record.state !== 'paused') throw new DomainError('job_state', { state: record.state, action: 'resuming' })
    await this.moves.requeue(record)
    return this.get(owner, jobId)
  }

  /**
   * Queues a failed or canceled job again as the next attempt.
   * @throws {DomainError} `job_not_found`, `job_state`, `volume_not_found`, `model_not_found`, `quota_exceeded`
   */
  async retry(owner: string, jobId: string): Promise<Job> {
    const record = await this.findOwn(owner, jobId)
    if (record.state === 'paused') return this.resume(owner, jobId)
    const isUnrecorded = this.moves.isUnrecorded(jobId)
    checkMove(isUnrecorded ? 'failed' : record.state, 'queued', 'starting again')
    for (const id of [record.volumeId, ...record.moreVolumeIds])
      await this.needs.volumes.checkThere(await this.needs.volumes.get(owner, id))
    await this.modelFor(owner, exactName(record.model, record.modelVersion))
    const bytes = () => this.quota.bytesOf(record)
    const isQueued = await this.quota.admit(owner, bytes, () => this.moves.requeue(record, 0))
    // It failed before it was marked as running, and that is not recorded yet: it never left the queue.
    if (!isQueued && isUnrecorded) this.moves.forgetFailure(jobId)
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
    return { file: path.join(this.moves.attemptFolder(jobId, record.attempt), artifact.name), artifact }
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
}

/** @throws {DomainError} `artifact_expired` */
function checkNotExpired({ artifactsRemovedAt: time }: JobRecord): void {
  if (time !== null) throw new DomainError('artifact_expired', { time })
}
