import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { TurnQueue } from '../../shared/node/turn-queue.ts'
import { BYTES_PER_VOXEL } from '../../shared/volume/dtype.ts'
import { numVoxels } from '../../shared/volume/zyx.ts'
import type { ServerConfig } from '../config.ts'
import { labelDtype } from '../inference/label-file.ts'
import type { ModelRegistry } from '../models/model-registry.ts'
import type { HeaderSummary, VolumeRecord } from '../volumes/volume-repository.ts'
import type { JobRecord, JobRepository } from './job-repository.ts'
import { UNFINISHED } from './job-state.ts'

export interface ResultQuotaNeeds {
  config: Pick<ServerConfig, 'userQuotaBytes'>
  /** What a user's volumes, unfinished uploads and artifacts take. */
  usedBytes: (owner: string) => Promise<number>
  jobs: Pick<JobRepository, 'withState'>
  volumes: { find(owner: string, volumeId: string): Promise<VolumeRecord | null> }
  models: Pick<ModelRegistry, 'list'>
}

/** Decides whether there is room for what a job will leave. Jobs that have not ended count with all that they will leave. */
export class ResultQuota {
  private readonly needs: ResultQuotaNeeds
  private readonly turns = new TurnQueue(1)

  constructor(needs: ResultQuotaNeeds) {
    this.needs = needs
  }

  /**
   * Does what takes room if there is some. One at a time, so that two together cannot take what is there for one.
   * @param needed bytes, asked for only where there is a limit
   * @throws {DomainError} `quota_exceeded`
   */
  async admit<T>(owner: string, needed: () => Promise<number>, take: () => Promise<T>): Promise<T> {
    const limitBytes = this.needs.config.userQuotaBytes
    if (limitBytes === 0) return take()
    return this.turns.take(async () => {
      const neededBytes = await needed()
      const usedBytes = (await this.needs.usedBytes(owner)) + (await this.expectedBytes(owner))
      if (usedBytes + neededBytes > limitBytes)
        throw new DomainError('quota_exceeded', { usedBytes, limitBytes, neededBytes })
      return take()
    })
  }

  private async expectedBytes(owner: string): Promise<number> {
    const all = await this.needs.jobs.withState(UNFINISHED)
    const sizes = await Promise.all(all.filter((job) => job.owner === owner).map((job) => this.bytesOf(job)))
    return sizes.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** What a job will leave; 0 where its volume or model is gone, without which it leaves nothing. */
  async bytesOf({ owner, volumeId, model, modelVersion, params }: JobRecord): Promise<number> {
    const volume = await this.needs.volumes.find(owner, volumeId)
    const found = this.needs.models
      .list()
      .find(({ manifest: { id, version } }) => id === model && version === modelVersion)
    if (!volume || !found) return 0
    return resultBytes(found.manifest, volume.header, params.probability !== false)
  }
}

/**
 * Bytes of what a job leaves, known before it runs: the mask as MRC and, where they are kept, probability and candidates
 * in the volume's format. What is packed is left out, for it is small and its size is not known.
 */
export function resultBytes(manifest: ModelManifest, header: HeaderSummary, keepsProbability: boolean): number {
  const mask = maskBytes(
    manifest.labels.map(({ value }) => value),
    header,
  )
  return keepsProbability && header.format === 'mrc' ? 2 * mask + numVoxels(header.shapeZyx) : mask
}

/** Bytes of one mask as MRC. @param labelValues background included */
export function maskBytes(labelValues: readonly number[], { shapeZyx }: HeaderSummary): number {
  return numVoxels(shapeZyx) * BYTES_PER_VOXEL[labelDtype(labelValues)]
}
