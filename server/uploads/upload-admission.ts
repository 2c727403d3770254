import { statfs } from 'node:fs/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import type { UploadRepository } from './upload-repository.ts'

export type AdmissionLimits = Pick<
  ServerConfig,
  'dataFolder' | 'maxUploadBytes' | 'maxUploadsPerUser' | 'userQuotaBytes' | 'minFreeBytes'
>

/** Decides whether a new upload is taken. Uploads that are open count with their whole size, on the disk and in the quota. */
export class UploadAdmission {
  private readonly uploads: UploadRepository
  private readonly limits: AdmissionLimits
  private last: Promise<unknown> = Promise.resolve()

  constructor(uploads: UploadRepository, limits: AdmissionLimits) {
    this.uploads = uploads
    this.limits = limits
  }

  /**
   * Opens an upload if there is room for it. One at a time, so that two together cannot take what is there for one.
   * @throws {DomainError} `upload_too_large`, `uploads_limit`, `quota_exceeded`, `disk_full`
   */
  admit<T>(owner: string, totalBytes: number, open: () => Promise<T>): Promise<T> {
    const turn = this.last.then(async () => {
      await this.check(owner, totalBytes)
      return open()
    })
    this.last = turn.catch(() => undefined)
    return turn
  }

  private async check(owner: string, neededBytes: number): Promise<void> {
    const { maxUploadBytes, maxUploadsPerUser, userQuotaBytes } = this.limits
    if (neededBytes > maxUploadBytes)
      throw new DomainError('upload_too_large', { totalBytes: neededBytes, limitBytes: maxUploadBytes })
    const open = await this.uploads.countOpen(owner)
    if (open >= maxUploadsPerUser) throw new DomainError('uploads_limit', { open, limit: maxUploadsPerUser })
    if (userQuotaBytes > 0) {
      const usedBytes = await this.uploads.usedBytes(owner)
      if (usedBytes + neededBytes > userQuotaBytes)
        throw new DomainError('quota_exceeded', { usedBytes, limitBytes: userQuotaBytes, neededBytes })
    }
    const freeBytes = await this.freeBytes()
    if (neededBytes > freeBytes) throw new DomainError('disk_full', { neededBytes, freeBytes: Math.max(0, freeBytes) })
  }

  /** What the disk has beyond the reserve and what open uploads have still to write. */
  private async freeBytes(): Promise<number> {
    const disk = await statfs(this.limits.dataFolder)
    return disk.bavail * disk.bsize - this.limits.minFreeBytes - (await this.uploads.outstandingBytes())
  }
}
