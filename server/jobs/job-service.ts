import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { CreateJob, EffectiveParams, Job, JobMemory, JobProgress, JobState } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import { tileGrid } from '../../shared/volume/tile-starts.ts'
import type { ServerConfig } from '../config.ts'
import { reorderedPlace } from '../inference/axis-order.ts'
import { knownNetworkBytes, planMemory } from '../inference/memory-plan.ts'
import type { RunProgress, WrittenArtifact } from '../inference/messages.ts'
import { tiledShape } from '../inference/model-grid.ts'
import { checkModelIsSupported } from '../inference/model-limits.ts'
import { checkSameGrid } from '../inference/same-grid.ts'
import { exactName, type ModelPackage, type ModelRegistry } from '../models/model-registry.ts'
import { checkOwner, type Projects } from '../people/projects.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { effectiveParams } from './effective-params.ts'
import type { JobEvents } from './job-events.ts'
import type { JobChange, JobRecord, JobRepository } from './job-repository.ts'
import { checkMove, isFinished, statesBefore } from './job-state.ts'

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
    'dataFolder' | 'devices' | 'threads' | 'blendThreads' | 'memoryLimitBytes' | 'maySpill' | 'hangSeconds'
  >
  projects: Projects
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

  constructor(needs: JobServiceNeeds) {
    this.needs = needs
  }

  /** Puts a job on the queue. @throws {DomainError} `model_not_found`, `volume_not_found`, `project_not_found`, `patch_not_divisible`, `mirror_not_allowed` */
  async enqueue(owner: string, body: CreateJob): Promise<Job> {
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
    const { memory, effective } = await this.planned(manifest, [volume, ...others], inMemory)
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
    }
    await jobs.insert(record)
    await this.tellState(record.jobId, 'queued', 1)
    this.onQueued()
    return this.view(record)
  }

  /** A model that this user may run. @throws {DomainError} `model_not_found` */
  private async modelFor(owner: string, name: string): Promise<ModelPackage> {
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

  /** @throws {DomainError} `memory_limit` */
  private async planned(
    manifest: ModelManifest,
    volumes: readonly VolumeRecord[],
    params: EffectiveParams,
  ): Promise<{ memory: JobMemory; effective: EffectiveParams }> {
    const { config } = this.needs
    const networkBytes = await knownNetworkBytes(this.cacheFolder(), manifest, params)
    const headers = volumes.map(({ header }) => header)
    const { memoryLimitBytes: limitBytes, blendThreads } = config
    const planFor = (effective: EffectiveParams) => ({
      memory: planMemory({ manifest, headers, params: effective, networkBytes, limitBytes, blendThreads }),
      effective,
    })
    // A guess is shown, but nobody is refused because of it.
    const neededBy = ({ memory }: { memory: JobMemory }) =>
      memory.total_bytes - (memory.network_is_estimate ? memory.network_bytes : 0)
    const inMemory = planFor(params)
    if (neededBy(inMemory) <= limitBytes) return inMemory
    const spilled = planFor({ ...params, spill: true })
    if (config.maySpill && neededBy(spilled) <= limitBytes) return spilled
    throw new DomainError('memory_limit', { neededBytes: neededBy(inMemory), limitBytes })
  }

  /** Where workers keep statistics of volumes and what networks were seen to need. */
  cacheFolder(): string {
    return path.join(this.needs.config.dataFolder, 'cache')
  }

  /** @throws {DomainError} `job_not_found` */
  async get(owner: string, jobId: string): Promise<Job> {
    return this.view(await this.find(owner, jobId))
  }

  async list(owner: string, limit: number, before: string | null): Promise<Job[]> {
    const projects = await this.needs.projects.of(owner)
    const records = await this.needs.jobs.list(owner, projects, limit, before)
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
    const isQueued = await this.requeue(record)
    // It failed before it was marked as running, and that is not recorded yet: it never left the queue.
    if (!isQueued && isUnrecorded && this.unrecorded.delete(jobId)) this.onQueued()
    return this.get(owner, jobId)
  }

  /** @throws {DomainError} `job_not_found` */
  async artifacts(owner: string, jobId: string): Promise<WrittenArtifact[]> {
    await this.find(owner, jobId)
    return this.needs.jobs.artifacts(jobId)
  }

  /** Where an artifact of a job lies. @throws {DomainError} `artifact_not_found` */
  async artifactFile(jobId: string, name: string): Promise<{ file: string; artifact: WrittenArtifact }> {
    const record = await this.needs.jobs.find(jobId)
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

  /** Back on the queue as the next attempt: a retry, or a worker or server that was lost. */
  async requeue(record: JobRecord): Promise<boolean> {
    const change: JobChange = {
      attempt: record.attempt + 1,
      error: null,
      result: null,
      device: null,
      tilesDone: 0,
      startedAt: null,
      finishedAt: null,
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

  forgetProgress(jobId: string): void {
    this.live.delete(jobId)
  }

  async view(stored: JobRecord): Promise<Job> {
    const unrecorded = this.unrecorded.get(stored.jobId)
    const record: JobRecord = unrecorded ? { ...stored, state: 'failed', error: unrecorded } : stored
    return {
      job_id: record.jobId,
      state: record.state,
      attempt: record.attempt,
      volume_id: record.volumeId,
      volume_ids: [record.volumeId, ...record.moreVolumeIds],
      memory: record.memory,
      model: record.model,
      model_version: record.modelVersion,
      model_sha256: record.modelSha256,
      params: record.params,
      effective_params: record.effectiveParams,
      preview: record.preview,
      progress: await this.progressOf(record),
      warnings: record.warnings,
      result: record.result,
      error: record.error && withoutRequestId(record.error),
      created_at: record.createdAt,
      started_at: record.startedAt,
      finished_at: record.finishedAt,
      owner: record.owner,
      project: record.project,
    }
  }

  private async progressOf(record: JobRecord): Promise<JobProgress> {
    const live = this.live.get(record.jobId)
    if (live && !isFinished(record.state)) return runningProgress(live)
    const queued = record.state === 'queued' ? await this.needs.jobs.withState(['queued']) : []
    const position = queued.findIndex((one) => one.jobId === record.jobId) + 1
    return {
      tiles_done: record.tilesDone,
      tiles_total: record.tilesTotal,
      tiles_per_second: null,
      seconds_left: null,
      queue_position: position > 0 ? position : null,
      estimated_start: null,
    }
  }
}

function numTilesOf(manifest: ModelManifest, header: VolumeRecord['header'], params: EffectiveParams): number {
  const shape = tiledShape(manifest, reorderedPlace(header, manifest.axes.transpose_forward))
  return tileGrid(shape, params.patch_zyx, params.step).numTiles
}

function runningProgress(progress: RunProgress): JobProgress {
  return {
    tiles_done: progress.tilesDone,
    tiles_total: progress.tilesTotal,
    tiles_per_second: progress.tilesPerSecond,
    seconds_left: progress.secondsLeft,
    queue_position: null,
    estimated_start: null,
  }
}

function withoutRequestId({
  code,
  message,
  hint,
  retryable,
}: NonNullable<JobRecord['error']>): NonNullable<Job['error']> {
  return { code, message, hint, retryable }
}
