import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { watchedBody } from './body-watch.ts'
import type { ReceivedPart } from './upload-repository.ts'

/** Bytes gathered before one writev: larger gains nothing, smaller costs a system call per socket read. */
const BATCH_BYTES = 1024 * 1024

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
  let receivedBytes = 0
  let writtenBytes = 0
  let batch: Uint8Array[] = []
  const flush = async () => {
    if (batch.length === 0) return
    await writeAll(target.file, batch, target.offsetBytes + writtenBytes)
    writtenBytes = receivedBytes
    batch = []
  }
  for await (const chunk of watchedBody(body, target)) {
    receivedBytes += chunk.length
    if (receivedBytes > target.expectedBytes) throw wrongSize(target, receivedBytes)
    hash.update(chunk)
    batch.push(chunk)
    if (receivedBytes - writtenBytes >= BATCH_BYTES) await flush()
  }
  if (receivedBytes !== target.expectedBytes) throw wrongSize(target, receivedBytes)
  const found = hash.digest('hex')
  if (found !== target.announced)
    throw new DomainError('upload_part_corrupt', { partIndex: target.partIndex, found, announced: target.announced })
  await flush()
  await target.file.datasync()
  return { partIndex: target.partIndex, sizeBytes: receivedBytes, sha256: found }
}

function wrongSize({ partIndex, expectedBytes }: PartTarget, foundBytes: number): DomainError {
  return new DomainError('upload_part_size', { partIndex, foundBytes, expectedBytes })
}

async function writeAll(file: FileHandle, batch: Uint8Array[], position: number): Promise<void> {
  const total = batch.reduce((sum, chunk) => sum + chunk.length, 0)
  try {
    const { bytesWritten } = await file.writev(batch, position)
    if (bytesWritten === total) return
    const rest = Buffer.concat(batch).subarray(bytesWritten)
    for (let done = 0; done < rest.length; )
      done += (await file.write(rest, done, rest.length - done, position + bytesWritten + done)).bytesWritten
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new DomainError('disk_full', { neededBytes: total, freeBytes: 0, cause })
    throw cause
  }
}
