import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { DomainError } from '../errors/domain-error.ts'
import { writeFully } from './write-fully.ts'
import { asWriteProblem } from './write-volume.ts'

/**
 * A file of the user's that is being written beside its place as `NAME.partial`: `finish` puts it there whole, `discard`
 * leaves nothing. Either one ends it.
 */
export class PartialFile {
  readonly file: string
  private readonly handle: FileHandle
  private size = 0

  private constructor(file: string, handle: FileHandle) {
    this.file = file
    this.handle = handle
  }

  /** @throws {DomainError} `file_unwritable` */
  static async create(file: string): Promise<PartialFile> {
    const partial = partialOf(file)
    try {
      await rm(partial, { force: true })
      return new PartialFile(file, await open(partial, 'wx'))
    } catch (error) {
      throw asWriteProblem(error, file)
    }
  }

  get sizeBytes(): number {
    return this.size
  }

  /**
   * Writes at a place of the file; what is there is replaced.
   * @param at not beyond what was written so far
   * @throws {DomainError} `file_unwritable`, `internal` for a place that would leave a hole
   */
  async write(bytes: Uint8Array, at = this.size): Promise<void> {
    if (at > this.size) throw new DomainError('internal')
    try {
      await writeFully(this.handle, bytes, at)
    } catch (error) {
      throw asWriteProblem(error, this.file)
    }
    this.size = Math.max(this.size, at + bytes.length)
  }

  /** @throws {DomainError} `file_unwritable`; nothing is left then */
  async finish(): Promise<void> {
    try {
      await this.handle.sync()
      await this.handle.close()
      await rename(partialOf(this.file), this.file)
    } catch (error) {
      await this.discard()
      throw asWriteProblem(error, this.file)
    }
  }

  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined)
    await rm(partialOf(this.file), { force: true }).catch(() => undefined)
  }
}

function partialOf(file: string): string {
  return `${file}.partial`
}
