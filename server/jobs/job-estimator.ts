import type { EstimateRequest, JobEstimate } from '../../shared/contract/estimate.ts'
import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { HeaderSummary } from '../volumes/volume-repository.ts'
import { effectiveParams } from './effective-params.ts'
import type { JobRecord } from './job-repository.ts'
import type { JobService } from './job-service.ts'
import { bestPlan, numTilesOf } from './plan-job.ts'

/** Finished jobs that are looked at for the speed of a model. */
const NUM_LOOKED_AT = 100

/** What a job would take, told before it is ordered. */
export class JobEstimator {
  private readonly service: JobService

  constructor(service: JobService) {
    this.service = service
  }

  /**
   * Tiles, memory, time and queue of a job that need not exist.
   * @throws {DomainError} `model_not_found`, `patch_not_divisible`, `mirror_not_allowed`, `roi_out_of_range`, `request_invalid`
   */
  async estimate(owner: string, request: EstimateRequest): Promise<JobEstimate> {
    const { jobs, config } = this.service.needs
    const model = await this.service.modelFor(owner, request.model)
    const { manifest } = model
    const params = effectiveParams(
      request.params ?? {},
      request.preview ?? { enabled: true },
      manifest,
      request.shape_zyx,
      { provider: config.devices[0].provider, threads: config.threads },
      model.network,
    )
    const header = headerOf(request)
    const { memory, effective, isWithinLimit } = await bestPlan(
      model,
      [header],
      params,
      config,
      this.service.cacheFolder(),
    )
    const tiles = numTilesOf(manifest, header, effective)
    const perForward = await this.secondsPerForward(owner, manifest, effective)
    return {
      tiles,
      memory,
      fits_memory: isWithinLimit,
      seconds: perForward === null ? null : perForward * tiles * 2 ** effective.mirror_axes.length,
      queue_length: (await jobs.withState(['queued'])).length,
    }
  }

  /** From the newest finished run of the model that did the same work per tile. */
  private async secondsPerForward(
    owner: string,
    model: { id: string; version: string },
    params: EffectiveParams,
  ): Promise<number | null> {
    const { jobs, projects } = this.service.needs
    const found = await jobs.list(owner, await projects.of(owner), { limit: NUM_LOOKED_AT })
    const like = found.find((job) => isLike(job, model, params))
    return like?.result ? like.result.seconds / Math.max(1, like.result.forwards) : null
  }
}

function isLike(job: JobRecord, model: { id: string; version: string }, params: EffectiveParams): boolean {
  const { effectiveParams: ran } = job
  return (
    job.state === 'completed' &&
    // The time of its last attempt is not that of all its tiles.
    !job.result?.tiles_resumed &&
    job.model === model.id &&
    job.modelVersion === model.version &&
    ran !== null &&
    ran.provider === params.provider &&
    ran.threads === params.threads &&
    (ran.batch ?? 1) === (params.batch ?? 1) &&
    ran.patch_zyx.join() === params.patch_zyx.join()
  )
}

function headerOf({ shape_zyx, dtype, voxel_size_zyx, unit }: EstimateRequest): HeaderSummary {
  return { format: 'mrc', shapeZyx: shape_zyx, dtype, voxelSizeZyx: voxel_size_zyx, unit, warnings: [] }
}
