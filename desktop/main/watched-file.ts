import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { type FileIdentity, type FileStamp, identityOf, stampOf } from './file-identity.ts'

/** The first picture does not wait for these reads. */
const SAMPLE_AFTER_MS = 3000

/** Notices when a file that is open becomes another one on the disk. A file that is gone has not changed. The opener closes it. */
export class WatchedFile {
  private readonly file: string
  private stamp: FileStamp
  /** What the file held when it was opened; null where it was not found out before the file changed. */
  private identity: FileIdentity | null = null
  private readonly timer: NodeJS.Timeout
  private isOther = false

  private constructor(file: string, stamp: FileStamp, sampleAfterMs: number) {
    this.file = file
    this.stamp = stamp
    this.timer = setTimeout(() => void this.identify(), sampleAfterMs).unref()
  }

  /** From before the file is opened. @throws {DomainError} `file_not_found`, `file_unreadable` */
  static async begin(file: string, sampleAfterMs = SAMPLE_AFTER_MS): Promise<WatchedFile> {
    return new WatchedFile(file, await stampOf(file), sampleAfterMs)
  }

  /** Looks at the disk. True from the first time on that another file is there; what was read before a look that finds none is of the file that was opened. */
  async hasChanged(): Promise<boolean> {
    this.isOther ||= await this.isOtherNow()
    return this.isOther
  }

  /** @throws {DomainError} `file_changed` */
  async checkUnchanged(): Promise<void> {
    if (await this.hasChanged()) throw changedSinceOpened(this.file)
  }

  close(): void {
    clearTimeout(this.timer)
  }

  private async identify(): Promise<void> {
    const found = await identityOf(this.file).catch(() => null)
    if (found && this.isAsOpened(found.size_bytes, found.modified_ms)) this.identity = found
  }

  private async isOtherNow(): Promise<boolean> {
    const now = await stampOf(this.file).catch(() => null)
    if (!now || this.isAsOpened(now.sizeBytes, now.modifiedMs)) return false
    const after = this.identity && (await identityOf(this.file).catch(() => null))
    if (!after || after.samples_sha256 !== this.identity?.samples_sha256) return true
    this.stamp = { sizeBytes: after.size_bytes, modifiedMs: after.modified_ms }
    return false
  }

  private isAsOpened(sizeBytes: number, modifiedMs: number): boolean {
    return sizeBytes === this.stamp.sizeBytes && modifiedMs === this.stamp.modifiedMs
  }
}

/** The problem of a file that is another one than when it was opened. */
export function changedSinceOpened(file: string): DomainError {
  const name = path.basename(file)
  return new DomainError('file_changed', {
    name,
    message: `${name} has changed on the disk since it was opened: what is shown is the file as it was.`,
    hint: 'Open it again.',
  })
}
