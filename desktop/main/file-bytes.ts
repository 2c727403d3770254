import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Abort, ByteSource } from '../../shared/volume/header.ts'

/** A file on disk as a byte source, with its modification time. The caller closes it. */
export interface FileBytes extends ByteSource {
  readonly modifiedMs: number
}

/** @throws {DomainError} `file_not_found`, `file_unreadable` */
export async function openFileBytes(file: string): Promise<FileBytes> {
  const name = path.basename(file)
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new DomainError('file_not_found', { path: name, cause: error })
    throw unreadable(name, error)
  })
  const facts = await handle.stat()
  return {
    name,
    sizeBytes: facts.size,
    modifiedMs: facts.mtimeMs,
    read: (offset, length, signal) => readExactly(handle, name, { offset, length, signal }),
    close: () => handle.close(),
  }
}

async function readExactly(
  handle: FileHandle,
  name: string,
  wanted: { offset: number; length: number; signal?: Abort },
): Promise<Uint8Array> {
  if (wanted.signal?.aborted) throw new DomainError('canceled')
  const bytes = new Uint8Array(wanted.length)
  for (let done = 0; done < wanted.length; ) {
    const { bytesRead } = await handle
      .read(bytes, done, wanted.length - done, wanted.offset + done)
      .catch((error: NodeJS.ErrnoException) => {
        throw unreadable(name, error)
      })
    if (bytesRead === 0) throw new DomainError('file_changed', { name })
    done += bytesRead
  }
  return bytes
}

function unreadable(name: string, error: NodeJS.ErrnoException): DomainError {
  return new DomainError('file_unreadable', { path: name, reason: error.code ?? 'unknown', cause: error })
}
