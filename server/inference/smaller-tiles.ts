import { rm } from 'node:fs/promises'
import { freemem } from 'node:os'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { VolumeWarning } from '../../shared/volume/header.ts'
import type { Zyx } from '../../shared/volume/zyx.ts'
import type { JobDescription, RunEvents, RunOutcome } from './messages.ts'
import type { RunDependencies, runJob } from './run-job.ts'

/** Tiles below this along an axis give a network too little to see. */
const LEAST_TILE_VOX = 32

/**
 * Runs a job, and again with a smaller tile while its network runs out of memory. The user is told by a warning, and the
 * outcome holds the parameters in effect.
 * @throws {DomainError} `out_of_memory` with needed and free bytes where no smaller tile is allowed; what `run` throws
 */
export async function withSmallerTiles(
  job: JobDescription,
  events: RunEvents,
  deps: RunDependencies,
  signal: AbortSignal,
  run: typeof runJob,
): Promise<RunOutcome> {
  const warnings: VolumeWarning[] = []
  let lacking: DomainError | null = null
  for (let params = job.params; ; ) {
    try {
      const outcome = await run({ ...job, params }, events, deps, signal)
      return { ...outcome, warnings: [...warnings, ...outcome.warnings] }
    } catch (error) {
      // A network of fixed size refuses the smaller tile: then the lack of memory is what there is to say.
      if (lacking && error instanceof DomainError && error.code === 'model_invalid') throw lacking
      if (!(error instanceof DomainError) || error.code !== 'out_of_memory') throw error
      lacking = explained(error)
      const patch = smallerPatch(params.patch_zyx, job.model.manifest.tiles.divisible_by_zyx)
      if (patch === null) throw lacking
      const [from, to] = [params.patch_zyx.join(' × '), patch.join(' × ')]
      const message = `The device has no memory for tiles of ${from} voxels; tiles of ${to} were used.`
      warnings.push({ code: 'patch_reduced', message })
      params = { ...params, patch_zyx: [patch[0], patch[1], patch[2]] }
      await rm(job.outFolder, { recursive: true, force: true })
    }
  }
}

function explained(error: DomainError): DomainError {
  const { neededBytes } = error.details as { neededBytes?: number }
  if (neededBytes === undefined) return error
  const message = `The network asked for ${neededBytes} bytes that the device does not have; ${freemem()} bytes of the computer's memory are free.`
  return new DomainError('out_of_memory', { neededBytes, message, cause: error })
}

/** The patch with its longest side about halved, as far as the network allows; null at the end. */
export function smallerPatch(patch: Zyx, divisibleBy: Zyx): Zyx | null {
  const half = (axis: number) => Math.floor(patch[axis] / 2 / divisibleBy[axis]) * divisibleBy[axis]
  const axes = [0, 1, 2].filter((axis) => half(axis) >= LEAST_TILE_VOX)
  if (axes.length === 0) return null
  const longest = axes.reduce((best, axis) => (patch[axis] > patch[best] ? axis : best))
  return [0, 1, 2].map((axis) => (axis === longest ? half(axis) : patch[axis])) as unknown as Zyx
}
