import type { EffectiveParams, JobParams, PreviewRequest } from '../../shared/contract/jobs.ts'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { MOST_TILES_AT_ONCE } from '../../shared/contract/tiles-at-once.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { numVoxels, type Zyx } from '../../shared/volume/zyx.ts'
import { type NetworkFacts, NO_FACTS } from '../inference/network-facts.ts'
import { defaultPreviewFactor } from '../inference/preview-builder.ts'
import { MOST_PATCH_VOXELS } from '../models/load-package.ts'
import { checkPatch } from '../models/model-registry.ts'

/** Seconds between previews where the job names none. */
const DEFAULT_PREVIEW_SECONDS = 1

/**
 * The parameters a job will run with: what was asked for, the model's defaults for the rest, and as many tiles at once as
 * its network takes.
 * @throws {DomainError} `patch_not_divisible`, `mirror_not_allowed`, `roi_out_of_range`, `request_invalid`
 */
export function effectiveParams(
  asked: JobParams,
  preview: PreviewRequest,
  manifest: ModelManifest,
  volumeShapeZyx: Zyx,
  device: { provider: string; threads: number },
  network: NetworkFacts = NO_FACTS,
): EffectiveParams {
  const patch = asked.patch_zyx ?? manifest.tiles.patch_zyx
  checkPatch(manifest, patch)
  if (numVoxels(patch) > MOST_PATCH_VOXELS) {
    const reason = `params.patch_zyx ${patch.join(' × ')} has ${numVoxels(patch)} voxels (allowed: up to ${MOST_PATCH_VOXELS})`
    throw new DomainError('request_invalid', { reason })
  }
  const mirror = asked.mirror_axes ?? []
  const forbidden = mirror.filter((axis) => !manifest.mirror_axes_allowed.includes(axis))
  if (forbidden.length > 0)
    throw new DomainError('mirror_not_allowed', { model: manifest.id, axes: forbidden.join(', ') })
  return {
    patch_zyx: patch,
    step: asked.step ?? manifest.tiles.step,
    mirror_axes: mirror,
    preview_factor: preview.enabled ? (preview.factor ?? defaultPreviewFactor(volumeShapeZyx)) : null,
    preview_interval_seconds: preview.interval_seconds ?? DEFAULT_PREVIEW_SECONDS,
    threads: Math.min(asked.threads ?? device.threads, device.threads),
    provider: device.provider,
    ...batchParam(network.tilesPerRun ?? askedBatch(asked, manifest, device)),
    ...resultParams(asked, volumeShapeZyx),
  }
}

/** A processor gains nothing by more than one tile at a time, which a model may ask of a card. */
function askedBatch(asked: JobParams, { tiles }: ModelManifest, { provider }: { provider: string }): number {
  return Math.min(asked.batch ?? (provider === 'cpu' ? 1 : tiles.batch), MOST_TILES_AT_ONCE)
}

/** One tile at a time is not named. */
function batchParam(batch: number): { batch?: number } {
  return batch === 1 ? {} : { batch }
}

type ResultParams = Pick<
  JobParams,
  'threshold' | 'smallest_object_voxels' | 'neighbours' | 'roi_zyx' | 'draft' | 'probability'
>

/** What was asked of the result; what was not asked for stays out. */
function resultParams(asked: JobParams, shapeZyx: Zyx): ResultParams {
  const { threshold, smallest_object_voxels, neighbours, roi_zyx, draft, probability } = asked
  const isInside = roi_zyx?.every(([from, to], axis) => from < to && to <= shapeZyx[axis]) ?? true
  if (!isInside) throw new DomainError('roi_out_of_range', { roi: JSON.stringify(roi_zyx), shapeZyx })
  return {
    ...(threshold === undefined ? {} : { threshold }),
    ...(smallest_object_voxels === undefined ? {} : { smallest_object_voxels }),
    ...(neighbours === undefined ? {} : { neighbours }),
    ...(roi_zyx === undefined ? {} : { roi_zyx }),
    ...(draft === undefined ? {} : { draft }),
    ...(probability === undefined ? {} : { probability }),
  }
}
