import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { watchedBody } from './body-watch.ts'
import { writePart } from './part-writer.ts'
import type { ReceivedPart, UploadRecord, UploadRepository } from './upload-repository.ts'

/** A part as it arrives. `lengthBytes` is the announced length, null where the sender announces none. */
export interface IncomingPart {
  partIndex: number
  sha256: string
  lengthBytes: number | null
  body: AsyncIterable<Uint8Array>
}

/** Writes parts into the file of their upload; each part has one writer at a time. */
export class PartReceiver {
  private readonly inFlight = new Map<string, { stop: AbortController; done: Promise<unknown> }>()
  private readonly uploads: Pick<UploadRepository, 'part' | 'recordPart'>
  private readonly partialOf: (uploadId: string) => string
  private readonly idleMs: number

  /** @param idleMs a part that brings next to nothing for this long is ended */
  constructor(uploads: PartReceiver['uploads'], partialOf: (uploadId: string) => string, idleMs: number) {
    this.uploads = uploads
    this.partialOf = partialOf
    this.idleMs = idleMs
  }

  /**
   * Takes one part. A part that is already recorded with the same hash is not written again; a second sender of the same
   * part replaces the first.
   * @param stored told once the part is recorded
   * @throws {DomainError} `upload_state`, `upload_part_index`, `upload_part_size`, `upload_part_corrupt`, `upload_incomplete`,
   *   `upload_stalled`, `upload_connection_lost`, `disk_full`
   */
  async receive(record: UploadRecord, part: IncomingPart, stored: () => Promise<void>): Promise<ReceivedPart> {
    const { uploadId } = record
    if (record.state !== 'receiving') throw new DomainError('upload_state', { state: record.state })
    const totalParts = Math.ceil(record.totalBytes / record.chunkBytes)
    const { partIndex } = part
    if (partIndex >= totalParts) throw new DomainError('upload_part_index', { partIndex, totalParts })
    const offsetBytes = partIndex * record.chunkBytes
    const expectedBytes = Math.min(record.chunkBytes, record.totalBytes - offsetBytes)
    if (part.lengthBytes !== null && part.lengthBytes !== expectedBytes) {
      throw new DomainError('upload_part_size', { partIndex, foundBytes: part.lengthBytes, expectedBytes })
    }
    return this.asOnlyWriter(`${uploadId}/${partIndex}`, async (signal) => {
      const recorded = await this.uploads.part(uploadId, partIndex)
      if (recorded) return this.compareWithRecorded(recorded, part, signal)
      const file = await this.openPartial(record)
      try {
        const written = await writePart(part.body, {
          file,
          offsetBytes,
          partIndex,
          expectedBytes,
          announced: part.sha256,
          idleMs: this.idleMs,
          signal,
        })
        if (signal.aborted) throw new DomainError('canceled')
        await this.uploads.recordPart(uploadId, written)
        await stored()
        return written
      } finally {
        await file.close()
      }
    })
  }

  /** A recorded part is never written over: bytes that were checked stay as they are. */
  private async compareWithRecorded(
    recorded: ReceivedPart,
    part: IncomingPart,
    signal: AbortSignal,
  ): Promise<ReceivedPart> {
    const hash = createHash('sha256')
    let foundBytes = 0
    const watch = { partIndex: part.partIndex, idleMs: this.idleMs, signal }
    for await (const batch of watchedBody(part.body, watch)) {
      for (const chunk of batch) {
        foundBytes += chunk.length
        hash.update(chunk)
      }
      if (foundBytes > recorded.sizeBytes) break
    }
    const found = hash.digest('hex')
    if (found !== recorded.sha256)
      throw new DomainError('upload_part_corrupt', { partIndex: part.partIndex, found, announced: recorded.sha256 })
    return recorded
  }

  /** For one part. @throws {DomainError} `upload_incomplete` where the file is not there as it was made: begin again */
  private async openPartial({ uploadId, totalBytes, chunkBytes }: UploadRecord): Promise<FileHandle> {
    const file = await open(this.partialOf(uploadId), 'r+').catch((error) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (file && (await file.stat()).size === totalBytes) return file
    await file?.close()
    const totalParts = Math.ceil(totalBytes / chunkBytes)
    throw new DomainError('upload_incomplete', { missing: totalParts, totalParts })
  }

  /** Ends all that is being received. */
  stop(): void {
    for (const { stop } of this.inFlight.values()) stop.abort()
  }

  /** Ends what is being received of one upload. @returns once nothing of it is recorded any more */
  async stopUpload(uploadId: string): Promise<void> {
    const writers = [...this.inFlight].flatMap(([key, writer]) => (key.startsWith(`${uploadId}/`) ? [writer] : []))
    for (const { stop } of writers) stop.abort()
    await Promise.allSettled(writers.map(({ done }) => done))
  }

  private async asOnlyWriter<T>(key: string, write: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const former = this.inFlight.get(key)
    former?.stop.abort()
    const stop = new AbortController()
    const done = (former?.done ?? Promise.resolve()).then(
      () => write(stop.signal),
      () => write(stop.signal),
    )
    const entry = { stop, done }
    this.inFlight.set(key, entry)
    try {
      return await done
    } finally {
      if (this.inFlight.get(key) === entry) this.inFlight.delete(key)
    }
  }
}
