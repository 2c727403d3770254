import type { EffectiveParams, JobMemory } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { numTilesOfGrid } from '../../shared/volume/tile-starts.ts'
import type { ServerConfig } from '../config.ts'
import { regionPlace, reorderedPlace } from '../inference/axis-order.ts'
import { knownNetworkBytes, planMemory } from '../inference/memory-plan.ts'
import { tiledShape } from '../inference/model-grid.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'

type PlanConfig = Pick<ServerConfig, 'memoryLimitBytes' | 'blendThreads' | 'maySpill'>

/** Memory of a job and the parameters that it will run with. */
export interface JobPlan {
  memory: JobMemory
  effective: EffectiveParams
  /** What is held against the limit. */
  neededBytes: number
  isWithinLimit: boolean
}

/**
 * What a job will hold in memory, and its parameters changed so that it stays below the limit.
 * @param volumes one per channel
 * @throws {DomainError} `memory_limit`
 */
export async function planJob(
  manifest: ModelManifest,
  volumes: readonly VolumeRecord[],
  params: EffectiveParams,
  config: PlanConfig,
  cacheFolder: string,
): Promise<JobPlan> {
  const headers = volumes.map(({ header }) => header)
  const plan = await bestPlan(manifest, headers, params, config, cacheFolder)
  if (plan.isWithinLimit) return plan
  throw new DomainError('memory_limit', { neededBytes: plan.neededBytes, limitBytes: config.memoryLimitBytes })
}

/** As `planJob`, for volumes that need not exist; a plan above the limit says so instead of being refused. */
export async function bestPlan(
  manifest: ModelManifest,
  headers: readonly VolumeRecord['header'][],
  params: EffectiveParams,
  { memoryLimitBytes: limitBytes, blendThreads, maySpill }: PlanConfig,
  cacheFolder: string,
): Promise<JobPlan> {
  const networkBytes = await knownNetworkBytes(cacheFolder, manifest, params)
  const planFor = (effective: EffectiveParams): JobPlan => {
    const memory = planMemory({ manifest, headers, params: effective, networkBytes, limitBytes, blendThreads })
    const neededBytes = neededBytesOf(memory)
    return { memory, effective, neededBytes, isWithinLimit: neededBytes <= limitBytes }
  }
  const inMemory = planFor(params)
  if (inMemory.isWithinLimit || !maySpill) return inMemory
  const spilled = planFor({ ...params, spill: true })
  return spilled.isWithinLimit ? spilled : inMemory
}

/** What of a job's memory is held against the limit: a guess is shown, but nobody is refused because of it. */
export function neededBytesOf(memory: JobMemory): number {
  return memory.total_bytes - (memory.network_is_estimate ? memory.network_bytes : 0)
}

/** More than any sensible job has; so many take weeks, and their places gigabytes. */
const MOST_TILES = 10_000_000

/**
 * Tiles of the whole run, as far as the shapes tell: a model that crops may need fewer.
 * @throws {DomainError} `request_invalid` where they are too many, `step_out_of_range`
 */
export function numTilesOf(
  manifest: ModelManifest,
  header: VolumeRecord['header'],
  params: Pick<EffectiveParams, 'patch_zyx' | 'step' | 'roi_zyx'>,
): number {
  const region = regionPlace(header, params.roi_zyx)
  const shape = tiledShape(manifest, reorderedPlace(region, manifest.axes.transpose_forward))
  const numTiles = numTilesOfGrid(shape, params.patch_zyx, params.step)
  if (numTiles <= MOST_TILES) return numTiles
  const reason = `patch_zyx ${params.patch_zyx.join(' × ')} at step ${params.step} makes ${numTiles} tiles (allowed: up to ${MOST_TILES})`
  throw new DomainError('request_invalid', { reason, hint: 'Use a larger step or a larger patch.' })
}
