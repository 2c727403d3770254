import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import type { Artifact } from '../contract/jobs.ts'
import { DomainError } from '../errors/domain-error.ts'
import type { DownloadOptions } from './api.ts'
import { backoffMs, pause } from './backoff.ts'
import type { HttpConnection } from './http.ts'

/** Failures in a row, without any byte in between, after which a download gives up. */
const MOST_FAILURES = 8

/**
 * Downloads an artifact to `path` by way of `path.partial`, continues by Range after a loss, checks size and SHA-256,
 * then renames. What was at `path` stays until then.
 * @throws {DomainError} `canceled`, `artifact_hash_mismatch`, `signature_invalid`, `server_unreachable`, `file_unwritable`
 */
export async function downloadArtifact(
  http: HttpConnection,
  artifact: Artifact,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  const partial = `${path}.partial`
  const file = await openForWriting(partial, path)
  try {
    await fill(http, artifact, file, options)
    await file.sync()
  } catch (error) {
    await file.close()
    await rm(partial, { force: true })
    throw options.signal?.aborted ? new DomainError('canceled', { cause: error }) : asProblem(error, path)
  }
  await file.close()
  await rename(partial, path)
}

async function fill(
  http: HttpConnection,
  artifact: Artifact,
  file: FileHandle,
  options: DownloadOptions,
): Promise<void> {
  const hash = createHash('sha256')
  let received = 0
  let failures = 0
  while (received < artifact.size_bytes) {
    try {
      const response = await http.send<AsyncIterable<Uint8Array>>({
        method: 'GET',
        url: artifact.url,
        responseType: 'stream',
        headers: { range: `bytes=${received}-`, 'if-range': `"${artifact.sha256}"` },
        timeout: 0,
        signal: options.signal,
      })
      if (response.status !== 206) throw new DomainError('server_incompatible', { url: http.address.url })
      for await (const chunk of response.data) {
        await file.write(chunk, 0, chunk.length, received)
        hash.update(chunk)
        received += chunk.length
        failures = 0
        options.onProgress?.(received, artifact.size_bytes)
      }
    } catch (error) {
      const isLocal =
        typeof (error as NodeJS.ErrnoException).syscall === 'string' &&
        /^(write|open|fsync)$/.test(String((error as NodeJS.ErrnoException).syscall))
      const isFinal = isLocal || (error instanceof DomainError && !error.retryable) || ++failures > MOST_FAILURES
      if (options.signal?.aborted || isFinal) throw error
      await pause(backoffMs(failures), options.signal)
    }
  }
  const found = hash.digest('hex')
  if (received !== artifact.size_bytes || found !== artifact.sha256) {
    throw new DomainError('artifact_hash_mismatch', { name: artifact.name, found, expected: artifact.sha256 })
  }
}

async function openForWriting(partial: string, path: string): Promise<FileHandle> {
  try {
    return await open(partial, 'w')
  } catch (error) {
    throw asProblem(error, path)
  }
}

function asProblem(error: unknown, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof DomainError || syscall === undefined) return error
  return new DomainError('file_unwritable', {
    path,
    reason: code === 'ENOSPC' ? 'the disk is full' : (code ?? 'the disk refused'),
    cause: error,
  })
}
