import { type FileHandle, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../errors/domain-error.ts'
import type { Abort, ByteSource } from '../volume/header.ts'

/**
 * Opens a file for random access. The caller closes it.
 * @throws {DomainError} `file_not_found`, `file_unreadable` (folders, devices, no permission, links in a circle)
 */
export async function openFileSource(file: string, name = path.basename(file)): Promise<ByteSource> {
  try {
    const facts = await stat(file)
    if (facts.isDirectory()) throw new DomainError('file_unreadable', { path: name, reason: 'it is a folder' })
    if (!facts.isFile()) throw new DomainError('file_unreadable', { path: name, reason: 'it is not a regular file' })
    return new FileSource(await open(file, 'r'), name, facts.size)
  } catch (error) {
    throw asReadProblem(error, name)
  }
}

/** 4 GiB: more is never read at once, as `RawVoxelSource` has it. */
const MOST_READ_BYTES = 4 * 1024 ** 3

class FileSource implements ByteSource {
  private readonly file: FileHandle
  readonly name: string
  readonly sizeBytes: number

  constructor(file: FileHandle, name: string, sizeBytes: number) {
    this.file = file
    this.name = name
    this.sizeBytes = sizeBytes
  }

  async read(offset: number, length: number, signal?: Abort): Promise<Uint8Array> {
    this.checkRange(offset, length)
    const bytes = new Uint8Array(length)
    await this.readInto(offset, bytes, signal)
    return bytes
  }

  async readInto(offset: number, bytes: Uint8Array, signal?: Abort): Promise<void> {
    const { length } = bytes
    this.checkRange(offset, length)
    try {
      for (let done = 0; done < length; ) {
        if (signal?.aborted) throw new DomainError('canceled')
        const { bytesRead } = await this.file.read(bytes, done, length - done, offset + done)
        // The file became shorter while it was open.
        if (bytesRead === 0) throw this.truncated(offset + done, offset + length)
        done += bytesRead
      }
    } catch (error) {
      throw asReadProblem(error, this.name)
    }
  }

  private checkRange(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.sizeBytes)
      throw this.truncated(this.sizeBytes, offset + length)
    if (length > MOST_READ_BYTES) {
      throw new DomainError('format_unsupported', { name: this.name, kind: 'slices of more than 4 GiB' })
    }
  }

  private truncated(foundBytes: number, expectedBytes: number): DomainError {
    return new DomainError('format_truncated', { name: this.name, foundBytes, expectedBytes })
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}

/** Errors of the file system in our words; everything else as it is. */
export function asReadProblem(error: unknown, name: string): unknown {
  if (error instanceof DomainError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return new DomainError('file_not_found', { path: name, cause: error })
  if (code === 'ELOOP')
    return new DomainError('file_unreadable', { path: name, reason: 'its links lead in a circle', cause: error })
  if (code === 'EACCES' || code === 'EPERM')
    return new DomainError('file_unreadable', { path: name, reason: 'you may not read it', cause: error })
  if (code === undefined) return error
  return new DomainError('file_unreadable', { path: name, reason: code, cause: error })
}
