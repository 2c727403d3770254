import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import { checkpointIdentity, readCheckpoint } from './checkpoint.ts'
import type { JobDescription, RunEvents, RunOutcome } from './messages.ts'
import type { RunDependencies, runJob } from './run-job.ts'

/** Tiles below this along an axis give a network too little to see. */
const LEAST_TILE_VOX = 32

/**
 * Runs a job, and again with fewer tiles at once, then with a smaller tile, while it or its network runs out of memory.
 * A warning says so, in the outcome and in the provenance, and the outcome holds the parameters in effect. Where an earlier
 * attempt left planes of smaller tiles, it begins with these.
 * @throws {DomainError} `out_of_memory` where no smaller tile is allowed; what `run` throws
 */
export async function withSmallerTiles(
  job: JobDescription,
  events: RunEvents,
  deps: RunDependencies,
  signal: AbortSignal,
  run: typeof runJob,
): Promise<RunOutcome> {
  const left = await leftWithSmaller(job, deps.engine)
  const warnings: VolumeWarning[] = [...(job.earlierWarnings ?? []), ...left.warnings]
  let lacking: DomainError | null = null
  for (let { params } = left; ; ) {
    try {
      return await run({ ...job, params, earlierWarnings: warnings }, events, deps, signal)
    } catch (error) {
      // A network of fixed size refuses the smaller tile: then the lack of memory is what there is to say.
      if (lacking && error instanceof DomainError && error.code === 'model_invalid') throw lacking
      if (!(error instanceof DomainError) || error.code !== 'out_of_memory') throw error
      lacking = error
      const less = needsLess(params, job.model)
      if (less === null) throw lacking
      warnings.push(less.warning)
      params = less.params
    }
  }
}

/** The parameters that planes of an earlier attempt were made with, and what was said of them; those of the job where there are none. */
async function leftWithSmaller(job: JobDescription, engine: string) {
  const warnings: VolumeWarning[] = []
  for (let { params } = job; ; ) {
    const identity = checkpointIdentity({ ...job, params }, engine)
    if (await readCheckpoint(job.outFolder, identity)) return { params, warnings }
    const less = needsLess(params, job.model)
    if (less === null) return { params: job.params, warnings: [] }
    warnings.push(less.warning)
    params = less.params
  }
}

/** The next to try where there was no memory; null at the end. */
function needsLess(params: EffectiveParams, { manifest, network }: JobDescription['model']) {
  const { batch = 1, patch_zyx } = params
  if (batch > 1 && (network?.tilesPerRun ?? null) === null) {
    const fewer = Math.floor(batch / 2)
    const message = `There was no memory for ${batch} tiles at once; ${fewer === 1 ? 'one at a time was' : `${fewer} were`} used.`
    return { params: { ...params, batch: fewer }, warning: { code: 'batch_reduced', message } }
  }
  const patch = smallerPatch(patch_zyx, manifest.tiles.divisible_by_zyx)
  if (patch === null) return null
  const [from, to] = [patch_zyx.join(' × '), patch.join(' × ')]
  const message = `There was no memory for tiles of ${from} voxels; tiles of ${to} were used.`
  const smaller: EffectiveParams = { ...params, patch_zyx: [patch[0], patch[1], patch[2]] }
  return { params: smaller, warning: { code: 'patch_reduced', message } }
}

/** The patch with its longest side about halved, as far as the network allows; null at the end. */
export function smallerPatch(patch: Zyx, divisibleBy: Zyx): Zyx | null {
  const half = (axis: number) => Math.floor(patch[axis] / 2 / divisibleBy[axis]) * divisibleBy[axis]
  const axes = [0, 1, 2].filter((axis) => half(axis) >= LEAST_TILE_VOX)
  if (axes.length === 0) return null
  const longest = axes.reduce((best, axis) => (patch[axis] > patch[best] ? axis : best))
  return [0, 1, 2].map((axis) => (axis === longest ? half(axis) : patch[axis])) as unknown as Zyx
}
