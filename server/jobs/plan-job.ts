import type { EffectiveParams, JobMemory } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { tileGrid } from '../../shared/volume/tile-starts.ts'
import type { ServerConfig } from '../config.ts'
import { reorderedPlace } from '../inference/axis-order.ts'
import { knownNetworkBytes, planMemory } from '../inference/memory-plan.ts'
import { tiledShape } from '../inference/model-grid.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'

/**
 * What a job will hold in memory, and its parameters changed so that it stays below the limit.
 * @param volumes one per channel
 * @throws {DomainError} `memory_limit`
 */
export async function planJob(
  manifest: ModelManifest,
  volumes: readonly VolumeRecord[],
  params: EffectiveParams,
  config: Pick<ServerConfig, 'memoryLimitBytes' | 'blendThreads' | 'maySpill'>,
  cacheFolder: string,
): Promise<{ memory: JobMemory; effective: EffectiveParams }> {
  const networkBytes = await knownNetworkBytes(cacheFolder, manifest, params)
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

/** Tiles of the whole run. */
export function numTilesOf(
  manifest: ModelManifest,
  header: VolumeRecord['header'],
  params: Pick<EffectiveParams, 'patch_zyx' | 'step'>,
): number {
  const shape = tiledShape(manifest, reorderedPlace(header, manifest.axes.transpose_forward))
  return tileGrid(shape, params.patch_zyx, params.step).numTiles
}
