import { statfs } from 'node:fs/promises'
import type { JobState } from '../../shared/contract/jobs.ts'
import type { JobStatus, Overview } from '../../shared/contract/operation.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import { describeDevices, type GpuProbe } from '../devices/gpu-inventory.ts'
import type { JobRecord } from '../jobs/job-repository.ts'
import type { JobService } from '../jobs/job-service.ts'
import { RUNNING, UNFINISHED } from '../jobs/job-state.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { PeopleRepository } from '../people/people-repository.ts'
import type { OverviewRepository, UserHoldings } from './overview-repository.ts'

/** How many ended jobs are listed. */
const NUM_FINISHED = 25

export interface OverviewNeeds {
  config: Pick<ServerConfig, 'dataFolder' | 'devices'>
  version: string
  jobs: JobService
  models: ModelRegistry
  people: Pick<PeopleRepository, 'groupsOfModel'>
  holdings: OverviewRepository
  probeGpus: GpuProbe
  /** What is not as it was meant to be. */
  notices: readonly string[]
}

/** What the people who run a server look at: devices, queue, users, disk, models. Never names of files. */
export class OverviewService {
  private readonly startedAt = new Date().toISOString()
  private readonly needs: OverviewNeeds

  constructor(needs: OverviewNeeds) {
    this.needs = needs
  }

  async overview(): Promise<Overview> {
    const { config, jobs, holdings, version } = this.needs
    const records = await jobs.needs.jobs.withState(UNFINISHED)
    const running = records.filter(({ state }) => RUNNING.includes(state))
    const statusesOf = (state: JobState) =>
      Promise.all(records.filter((record) => record.state === state).map((one) => this.status(one)))
    const queued = await statusesOf('queued')
    queued.sort((a, b) => (a.progress.queue_position ?? 0) - (b.progress.queue_position ?? 0))
    const disk = await statfs(config.dataFolder)
    return {
      version,
      time: new Date().toISOString(),
      started_at: this.startedAt,
      devices: await this.devices(running),
      jobs: [
        ...(await Promise.all(running.map((record) => this.status(record)))),
        ...queued,
        ...(await statusesOf('paused')),
      ],
      finished: await this.finished(),
      users: usersOf(await holdings.holdings(), records),
      disk: { total_bytes: disk.blocks * disk.bsize, free_bytes: disk.bavail * disk.bsize },
      models: await this.models(),
      notices: [...this.needs.notices],
    }
  }

  /** Cancels anybody's unfinished job. @throws {DomainError} `job_not_found`, `job_state` */
  async cancel(jobId: string): Promise<JobStatus> {
    const { jobs } = this.needs
    const record = await jobs.needs.jobs.find(jobId)
    if (!record) throw new DomainError('job_not_found', { jobId })
    if (record.finishedAt !== null) throw new DomainError('job_state', { state: record.state, action: 'canceling' })
    await jobs.cancel(record.owner, jobId)
    return this.status((await jobs.needs.jobs.find(jobId)) ?? record)
  }

  private async devices(running: readonly JobRecord[]): Promise<Overview['devices']> {
    const { config, probeGpus } = this.needs
    return (await describeDevices(config.devices, probeGpus)).map((device) => ({
      device_id: device.deviceId,
      kind: device.kind,
      name: device.name,
      memory_total_bytes: device.memoryTotalBytes,
      memory_used_bytes: device.memoryUsedBytes,
      utilisation_percent: device.utilisationPercent,
      job_id: running.find((record) => record.device === device.deviceId)?.jobId ?? null,
    }))
  }

  private async finished(): Promise<JobStatus[]> {
    const { jobs, holdings } = this.needs
    const ids = await holdings.lastFinished(NUM_FINISHED)
    const records = await Promise.all(ids.map((id) => jobs.needs.jobs.find(id)))
    return Promise.all(records.flatMap((record) => (record ? [this.status(record)] : [])))
  }

  private models(): Promise<Overview['models']> {
    const { models, people } = this.needs
    return Promise.all(
      models.list().map(async ({ manifest: { id, version, name, onnx } }) => ({
        id,
        version,
        name,
        size_bytes: onnx.bytes,
        groups: await people.groupsOfModel(id),
      })),
    )
  }

  private async status(record: JobRecord): Promise<JobStatus> {
    const job = await this.needs.jobs.moves.view(record)
    return {
      job_id: job.job_id,
      user: record.owner,
      project: record.project,
      state: job.state,
      attempt: job.attempt,
      model: job.model,
      model_version: job.model_version,
      device: record.device,
      progress: job.progress,
      error_code: job.error?.code ?? null,
      created_at: job.created_at,
      started_at: job.started_at,
      finished_at: job.finished_at,
    }
  }
}

/** What users hold, and their jobs; also of those who hold nothing yet. */
function usersOf(holdings: readonly UserHoldings[], unfinished: readonly JobRecord[]): Overview['users'] {
  const names = new Set([...holdings.map(({ user }) => user), ...unfinished.map(({ owner }) => owner)])
  return [...names].sort().map((user) => {
    const held = holdings.find((one) => one.user === user)
    const own = unfinished.filter((record) => record.owner === user)
    return {
      user,
      jobs_queued: own.filter(({ state }) => state === 'queued').length,
      jobs_running: own.filter(({ state }) => RUNNING.includes(state)).length,
      volumes: held?.volumes ?? 0,
      volume_bytes: held?.volumeBytes ?? 0,
      uploads_open: held?.uploadsOpen ?? 0,
      upload_bytes: held?.uploadBytes ?? 0,
      artifact_bytes: held?.artifactBytes ?? 0,
    }
  })
}
