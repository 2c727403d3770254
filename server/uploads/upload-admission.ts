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
  private readonly uploads: Pick<UploadRepository, 'countOpen' | 'usedBytes' | 'outstandingBytes'>
  private readonly limits: AdmissionLimits
  private readonly makeRoom: (freeBytes: number) => Promise<void>
  private last: Promise<unknown> = Promise.resolve()

  /** @param makeRoom removes what may go until so much is free on the disk, or nothing */
  constructor(
    uploads: Pick<UploadRepository, 'countOpen' | 'usedBytes' | 'outstandingBytes'>,
    limits: AdmissionLimits,
    makeRoom: (freeBytes: number) => Promise<void>,
  ) {
    this.uploads = uploads
    this.limits = limits
    this.makeRoom = makeRoom
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
    if (neededBytes > (await this.freeBytes())) await this.makeRoom(neededBytes + (await this.reservedBytes()))
    const freeBytes = await this.freeBytes()
    if (neededBytes > freeBytes) throw new DomainError('disk_full', { neededBytes, freeBytes: Math.max(0, freeBytes) })
  }

  /** What the disk has beyond the reserve and what open uploads have still to write. */
  private async freeBytes(): Promise<number> {
    const disk = await statfs(this.limits.dataFolder)
    return disk.bavail * disk.bsize - (await this.reservedBytes())
  }

  private async reservedBytes(): Promise<number> {
    return this.limits.minFreeBytes + (await this.uploads.outstandingBytes())
  }
}
