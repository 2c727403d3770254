import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { watchedBody } from './body-watch.ts'
import { asDiskProblem } from './disk-problem.ts'
import type { ReceivedPart } from './upload-repository.ts'

export interface PartTarget {
  file: FileHandle
  offsetBytes: number
  partIndex: number
  expectedBytes: number
  /** SHA-256 that the sender announced, hex. */
  announced: string
  /** A body that brings next to nothing for this long is ended. */
  idleMs: number
  signal: AbortSignal
}

/**
 * Writes one part into its place while counting and hashing it, then syncs. Nothing is recorded here.
 * @throws {DomainError} `upload_part_size`, `upload_part_corrupt`, `upload_stalled`,
 *   `upload_connection_lost`, `disk_full`, `canceled`
 */
export async function writePart(body: AsyncIterable<Uint8Array>, target: PartTarget): Promise<ReceivedPart> {
  const hash = createHash('sha256')
  const writer = new BatchWriter(target.file, target.offsetBytes)
  try {
    for await (const batch of watchedBody(body, target)) {
      const receivedBytes = writer.receivedBytes + sizeOf(batch)
      if (receivedBytes > target.expectedBytes) throw wrongSize(target, receivedBytes)
      for (const chunk of batch) hash.update(chunk)
      await writer.write(batch)
    }
    const { receivedBytes } = writer
    if (receivedBytes !== target.expectedBytes) throw wrongSize(target, receivedBytes)
    const found = hash.digest('hex')
    if (found !== target.announced)
      throw new DomainError('upload_part_corrupt', { partIndex: target.partIndex, found, announced: target.announced })
    await writer.settled()
    await target.file.datasync().catch((cause) => {
      throw asDiskProblem(cause, receivedBytes)
    })
    return { partIndex: target.partIndex, sizeBytes: receivedBytes, sha256: found }
  } finally {
    // Nothing is written any more once this is over: the file may be closed, or another sender's turn.
    await writer.settled().catch(() => undefined)
  }
}

/** Writes batch after batch; one is written while the next one comes. */
class BatchWriter {
  receivedBytes = 0
  private writing: Promise<void> = Promise.resolve()
  private readonly file: FileHandle
  private readonly offsetBytes: number

  constructor(file: FileHandle, offsetBytes: number) {
    this.file = file
    this.offsetBytes = offsetBytes
  }

  /** Begins to write, after the batch before. @throws {DomainError} what that met */
  async write(batch: readonly Uint8Array[]): Promise<void> {
    await this.writing
    this.writing = writeAll(this.file, batch, this.offsetBytes + this.receivedBytes)
    this.receivedBytes += sizeOf(batch)
    // It is looked at with the next batch; until then a failure must not count as nobody's.
    this.writing.catch(() => undefined)
  }

  /** @throws {DomainError} what the last write met */
  settled(): Promise<void> {
    return this.writing
  }
}

function sizeOf(batch: readonly Uint8Array[]): number {
  return batch.reduce((sum, chunk) => sum + chunk.length, 0)
}

function wrongSize({ partIndex, expectedBytes }: PartTarget, foundBytes: number): DomainError {
  return new DomainError('upload_part_size', { partIndex, foundBytes, expectedBytes })
}

async function writeAll(file: FileHandle, batch: readonly Uint8Array[], position: number): Promise<void> {
  const total = sizeOf(batch)
  try {
    const { bytesWritten } = await file.writev(batch, position)
    if (bytesWritten === total) return
    const rest = Buffer.concat(batch).subarray(bytesWritten)
    for (let done = 0; done < rest.length; )
      done += (await file.write(rest, done, rest.length - done, position + bytesWritten + done)).bytesWritten
  } catch (cause) {
    throw asDiskProblem(cause, total)
  }
}
