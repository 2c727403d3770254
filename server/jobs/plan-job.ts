import type { EffectiveParams, JobMemory } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning } from '../../shared/volume/header.ts'
import { numTilesOfGrid } from '../../shared/volume/tile-starts.ts'
import type { ServerConfig } from '../config.ts'
import { regionPlace, reorderedPlace } from '../inference/axis-order.ts'
import { knownNetworkBytes, planMemory } from '../inference/memory-plan.ts'
import { tiledShape } from '../inference/model-grid.ts'
import type { NetworkFacts } from '../inference/network-facts.ts'
import type { ModelPackage } from '../models/load-package.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'

type PlanConfig = Pick<ServerConfig, 'memoryLimitBytes' | 'blendThreads' | 'maySpill'>

/** What is planned: the manifest, and what the file says of the network. */
type PlannedModel = Pick<ModelPackage, 'manifest' | 'network'>

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
  model: PlannedModel,
  volumes: readonly VolumeRecord[],
  params: EffectiveParams,
  config: PlanConfig,
  cacheFolder: string,
): Promise<JobPlan> {
  const headers = volumes.map(({ header }) => header)
  const plan = await bestPlan(model, headers, params, config, cacheFolder)
  if (plan.isWithinLimit) return plan
  throw new DomainError('memory_limit', { neededBytes: plan.neededBytes, limitBytes: config.memoryLimitBytes })
}

/**
 * As `planJob`, for volumes that need not exist; a plan above the limit says so instead of being refused.
 *
 * Fewer tiles at once come before planes on the disk. Where the network was never measured, the first plan is taken that
 * has room for the guess; failing that, the first that has room for what the network takes at the least.
 */
export async function bestPlan(
  { manifest, network }: PlannedModel,
  headers: readonly VolumeRecord['header'][],
  params: EffectiveParams,
  { memoryLimitBytes: limitBytes, blendThreads, maySpill }: PlanConfig,
  cacheFolder: string,
): Promise<JobPlan> {
  const plans: JobPlan[] = []
  for (const effective of waysToRun(params, network, maySpill)) {
    const networkBytes = await knownNetworkBytes(cacheFolder, manifest, effective)
    const planned = planMemory({
      manifest,
      headers,
      params: effective,
      networkBytes,
      network,
      limitBytes,
      blendThreads,
    })
    const isReduced = effective.batch !== params.batch
    const memory = isReduced ? { ...planned, most_tiles_at_once: effective.batch ?? 1 } : planned
    const neededBytes = leastBytesOf(memory)
    plans.push({ memory, effective, neededBytes, isWithinLimit: neededBytes <= limitBytes })
    if (memory.total_bytes <= limitBytes) return plans[plans.length - 1]
  }
  return plans.find(({ isWithinLimit }) => isWithinLimit) ?? plans[0]
}

/** From as it was asked for to as little memory as possible. */
function waysToRun(params: EffectiveParams, network: NetworkFacts, maySpill: boolean): EffectiveParams[] {
  const ways = [params]
  if (network.tilesPerRun === null)
    for (let batch = Math.floor((params.batch ?? 1) / 2); batch >= 1; batch = Math.floor(batch / 2))
      ways.push(withBatch(params, batch))
  return maySpill ? [...ways, ...ways.map((way) => ({ ...way, spill: true }))] : ways
}

/** One tile at a time is not named. */
export function withBatch({ batch: _, ...params }: EffectiveParams, batch: number): EffectiveParams {
  return batch === 1 ? params : { ...params, batch }
}

/** What a job is refused for: of a network that was never measured only what it takes at the least. */
function leastBytesOf(memory: JobMemory): number {
  return (
    memory.total_bytes - (memory.network_is_estimate ? memory.network_bytes - (memory.network_least_bytes ?? 0) : 0)
  )
}

/** What the user should know of a plan: that it rests on a guess with which it would not fit, or on fewer tiles at once. */
export function planWarnings({ memory }: JobPlan): VolumeWarning[] {
  const { total_bytes: total, limit_bytes: limit, network_bytes: guessed, most_tiles_at_once: batch } = memory
  const warnings: VolumeWarning[] = []
  if (batch !== undefined) warnings.push({ code: 'batch_reduced', message: reducedBatch(batch) })
  if (memory.network_is_estimate && limit !== null && total > limit) {
    const message = `The network never ran with this tile; by its file it takes about ${guessed} bytes. That is a guess; where it is right, the job needs ${total} bytes, more than the ${limit} that are allowed.`
    warnings.push({ code: 'memory_guessed', message })
  }
  return warnings
}

/** Why fewer tiles go through the network together than were asked for. */
export function reducedBatch(batch: number): string {
  const number = batch === 1 ? 'one tile at a time is' : `${batch} tiles at once are`
  return `There is no memory for as many tiles at once as were asked for; ${number} used.`
}

/** Warnings without those that say the same again, as a worker may of what was said when its job was made. */
export function eachOnce(warnings: readonly VolumeWarning[]): VolumeWarning[] {
  return [...new Map(warnings.map((one) => [`${one.code} ${one.message}`, one])).values()]
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
