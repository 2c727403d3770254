import type { EffectiveParams } from '../../shared/contract/jobs.ts'
import type { VolumeWarning } from '../../shared/volume/header.ts'
import type { DeviceSlot } from '../devices/device-slots.ts'
import type { JobDescription, JobVolume } from '../inference/messages.ts'
import { fixedBatch, type NetworkFacts } from '../inference/network-facts.ts'
import { exactName } from '../models/model-registry.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'
import { effectiveParams } from './effective-params.ts'
import type { JobRecord } from './job-repository.ts'
import type { JobService } from './job-service.ts'
import { reducedBatch, withBatch } from './plan-job.ts'

/**
 * What a worker needs for a queued job on a device.
 * @throws {DomainError} `model_not_found`, `volume_not_found` and those of the parameters
 */
export async function prepareRun(
  service: JobService,
  queued: JobRecord,
  slot: DeviceSlot,
  programVersion: string,
): Promise<JobDescription> {
  const { models, volumes, config } = service.needs
  const { jobId, attempt } = queued
  const { manifest, folder, manifestSha256, network } = models.get(exactName(queued.model, queued.modelVersion))
  const records: VolumeRecord[] = []
  for (const id of [queued.volumeId, ...queued.moreVolumeIds]) records.push(await volumes.get(queued.owner, id))
  const [volume, ...others] = records
  const device = { provider: slot.provider, threads: config.threads }
  const asked = effectiveParams(queued.params, queued.preview, manifest, volume.header.shapeZyx, device, network)
  const interval = Math.max(asked.preview_interval_seconds, config.previewSeconds)
  const { params, warnings } = asPlanned({ ...asked, preview_interval_seconds: interval }, queued, network)
  return {
    jobId,
    attempt,
    volume: jobVolume(volume),
    ...(others.length > 0 ? { moreVolumes: others.map(jobVolume) } : {}),
    model: { folder, manifest, manifestSha256, network },
    params,
    ...(warnings.length > 0 ? { earlierWarnings: warnings } : {}),
    outFolder: service.moves.attemptFolder(jobId, attempt),
    blendThreads: config.blendThreads,
    cacheFolder: service.cacheFolder(),
    saveIntervalMs: config.checkpointSeconds * 1000,
    programVersion,
    createdAt: queued.createdAt,
  }
}

/** Parameters as the job was planned: fewer tiles at once, or planes on the disk. */
function asPlanned(asked: EffectiveParams, queued: JobRecord, { tilesPerRun }: NetworkFacts) {
  const warnings: VolumeWarning[] = []
  const most = queued.memory?.most_tiles_at_once ?? Number.POSITIVE_INFINITY
  const isReduced = (asked.batch ?? 1) > most
  if (isReduced) warnings.push({ code: 'batch_reduced', message: reducedBatch(most) })
  if (tilesPerRun !== null && queued.params.batch !== undefined && queued.params.batch !== tilesPerRun)
    warnings.push({ code: 'batch_fixed', message: fixedBatch(tilesPerRun, queued.params.batch) })
  const params = isReduced ? withBatch(asked, most) : asked
  return { params: queued.effectiveParams?.spill ? { ...params, spill: true } : params, warnings }
}

function jobVolume({ path, filename, sha256, mode0, files }: VolumeRecord): JobVolume {
  return { path, filename, sha256, ...(mode0 ? { mode0 } : {}), ...(files ? { files } : {}) }
}
