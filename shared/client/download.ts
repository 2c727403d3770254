import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Artifact } from '../contract/jobs.ts'
import { DomainError } from '../errors/domain-error.ts'
import type { DownloadOptions } from './api.ts'
import { backoffMs, pause } from './backoff.ts'
import type { HttpConnection } from './http.ts'
import { IdleGuard } from './idle-guard.ts'

/** Failures in a row, without any byte in between, after which a download gives up. */
const MOST_FAILURES = 8

/** Digits of the hash in the name of what has arrived. */
const HASH_DIGITS = 16

/** Read at once when an earlier run is continued. */
const READ_BYTES = 4 * 1024 * 1024

/** Where nothing else is said, a download of which nothing comes for this long is asked for again. */
const IDLE_MS = 45_000

/**
 * Downloads an artifact to `path`. What has arrived lies in `path.HASH.partial`, named after the artifact's hash: this
 * or a later run of the program continues it by Range as long as the server has the same bytes. Size and SHA-256 are
 * checked, then it is renamed; what was at `path` stays until then. A link that expired is asked for again, and an
 * artifact that was replaced arrives in its newest version.
 * @throws {DomainError} `canceled`, `artifact_hash_mismatch`, `artifact_changed` and `signature_invalid` (where
 *   `refresh` is not given), `server_unreachable`, `file_unwritable`
 */
export async function downloadArtifact(
  http: HttpConnection,
  artifact: Artifact,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  try {
    for (let current = artifact; ; ) {
      const newer = await new DownloadRun(http, current, path, options).toEnd()
      if (newer === null) return
      current = newer
    }
  } catch (error) {
    throw options.signal?.aborted ? new DomainError('canceled', { cause: error }) : asProblem(error, path)
  }
}

/** The download of one version of an artifact. */
class DownloadRun {
  private received = 0
  private failures = 0
  private hash = createHash('sha256')
  private readonly partial: string
  private readonly http: HttpConnection
  private artifact: Artifact
  private readonly path: string
  private readonly options: DownloadOptions

  constructor(http: HttpConnection, artifact: Artifact, path: string, options: DownloadOptions) {
    this.http = http
    this.artifact = artifact
    this.path = path
    this.options = options
    this.partial = `${path}.${artifact.sha256.slice(0, HASH_DIGITS)}.partial`
  }

  /** @returns null when the file is in its place; the newer version when the server has replaced the artifact */
  async toEnd(): Promise<Artifact | null> {
    await this.removeOthers()
    const file = await open(this.partial, constants.O_RDWR | constants.O_CREAT)
    try {
      await this.takeUp(file)
      const newer = await this.fill(file)
      if (newer) {
        await rm(this.partial, { force: true })
        return newer
      }
      await this.check()
      await file.sync()
    } finally {
      await file.close()
      if (this.received === 0) await rm(this.partial, { force: true })
    }
    await rename(this.partial, this.path)
    return null
  }

  /** What an earlier run left counts as far as it goes; the whole hash decides at the end. */
  private async takeUp(file: FileHandle): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.received)
      if (bytesRead === 0) break
      this.hash.update(buffer.subarray(0, bytesRead))
      this.received += bytesRead
    }
    if (this.received > this.artifact.size_bytes) await this.startOver(file)
  }

  private async startOver(file: FileHandle): Promise<void> {
    await file.truncate(0)
    this.received = 0
    this.hash = createHash('sha256')
  }

  private async fill(file: FileHandle): Promise<Artifact | null> {
    while (this.received < this.artifact.size_bytes) {
      try {
        await this.continueOnce(file)
      } catch (error) {
        const newer = await this.survive(error)
        if (newer) return newer
      }
    }
    return null
  }

  private async continueOnce(file: FileHandle): Promise<void> {
    const { artifact, options } = this
    const guard = new IdleGuard(options.idleMs ?? IDLE_MS, options.signal)
    try {
      const response = await this.http.send<AsyncIterable<Uint8Array>>({
        method: 'GET',
        url: artifact.url,
        responseType: 'stream',
        headers: { range: `bytes=${this.received}-`, 'if-range': `"${artifact.sha256}"` },
        timeout: 0,
        signal: guard.signal,
      })
      if (response.status !== 206) throw this.notThisVersion(response.headers.etag)
      for await (const chunk of response.data) {
        await writeAll(file, chunk, this.received)
        this.hash.update(chunk)
        this.received += chunk.length
        this.failures = 0
        guard.touch()
        options.onProgress?.(this.received, artifact.size_bytes)
      }
    } catch (error) {
      throw guard.explain(error, this.http.address.url)
    } finally {
      guard.end()
    }
  }

  /** `If-Range` did not hold: the whole of something else is on its way. */
  private notThisVersion(etag: unknown): DomainError {
    if (typeof etag === 'string' && etag !== `"${this.artifact.sha256}"`)
      return new DomainError('artifact_changed', { name: this.artifact.name })
    return new DomainError('server_incompatible', { url: this.http.address.url })
  }

  /** Waits, or asks for the artifact again, where that helps. @returns a newer version, if there is one */
  private async survive(error: unknown): Promise<Artifact | null> {
    const { signal, refresh } = this.options
    const isLocal = /^(write|open|fsync)$/.test(String((error as NodeJS.ErrnoException).syscall))
    const code = error instanceof DomainError ? error.code : null
    const isOld = code === 'signature_invalid' || code === 'artifact_changed'
    const isFinal = isLocal || (error instanceof DomainError && !error.retryable) || ++this.failures > MOST_FAILURES
    if (signal?.aborted || isFinal || (isOld && !refresh)) throw error
    if (!isOld || this.failures > 1) await pause(backoffMs(this.failures), signal)
    if (!isOld || !refresh) return null
    const now = await refresh()
    if (now.sha256 !== this.artifact.sha256) return now
    this.artifact = now
    return null
  }

  private async check(): Promise<void> {
    const { artifact, received } = this
    const found = this.hash.digest('hex')
    if (received === artifact.size_bytes && found === artifact.sha256) return
    this.received = 0
    throw new DomainError('artifact_hash_mismatch', { name: artifact.name, found, expected: artifact.sha256 })
  }

  /** Parts of other versions of the same file are of no use any more. */
  private async removeOthers(): Promise<void> {
    const folder = dirname(this.path)
    const ours = new RegExp(`^\\.[0-9a-f]{${HASH_DIGITS}}\\.partial$`)
    for (const name of await readdir(folder)) {
      const isOther = name.startsWith(basename(this.path)) && ours.test(name.slice(basename(this.path).length))
      if (isOther && join(folder, name) !== join(folder, basename(this.partial)))
        await rm(join(folder, name), { force: true })
    }
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

/** A disk that is nearly full takes a part of the bytes first, and says so with the rest. */
async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
