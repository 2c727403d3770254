import type { FileHasher } from './file-hasher.ts'
import type { UploadRecord, UploadRepository } from './upload-repository.ts'

interface Stored {
  /** Parts after the first gap. */
  later: Set<number>
  /** Parts from the first one on without a gap. */
  numInRow: number
}

/** The hash of each whole upload, made while its parts come: at the end little is left to read. */
export class UploadHashes {
  private readonly stored = new Map<string, Promise<Stored>>()
  private readonly uploads: Pick<UploadRepository, 'parts'>
  private readonly hasher: FileHasher

  constructor(uploads: Pick<UploadRepository, 'parts'>, hasher: FileHasher) {
    this.uploads = uploads
    this.hasher = hasher
  }

  /** A part is synced and recorded; those of an earlier run of the server are taken from the record. */
  async partStored({ uploadId, chunkBytes, totalBytes }: UploadRecord, file: string, partIndex: number): Promise<void> {
    const known = this.stored.get(uploadId) ?? this.recorded(uploadId)
    this.stored.set(uploadId, known)
    const stored = await known
    stored.later.add(partIndex)
    while (stored.later.delete(stored.numInRow)) stored.numInRow++
    if (this.stored.get(uploadId) === known)
      this.hasher.reached(uploadId, file, Math.min(totalBytes, stored.numInRow * chunkBytes))
  }

  /** Once every part is recorded. @returns hex @throws what reading met */
  async digest({ uploadId, totalBytes }: UploadRecord, file: string): Promise<string> {
    this.stored.delete(uploadId)
    return this.hasher.digest(uploadId, file, totalBytes)
  }

  /** Over, or begun anew with another file. */
  forget(uploadId: string): void {
    this.stored.delete(uploadId)
    this.hasher.forget(uploadId)
  }

  close(): Promise<void> {
    return this.hasher.close()
  }

  private async recorded(uploadId: string): Promise<Stored> {
    try {
      const parts = await this.uploads.parts(uploadId)
      return { later: new Set(parts.map((part) => part.partIndex)), numInRow: 0 }
    } catch (error) {
      this.stored.delete(uploadId)
      throw error
    }
  }
}
