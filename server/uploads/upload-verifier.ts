import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { syncFolder } from '../../shared/node/sync-folder.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { AGAIN_MS, mayPass, onceBack } from '../while-away.ts'
import type { UploadHashes } from './upload-hashes.ts'
import type { UploadRecord, UploadRepository } from './upload-repository.ts'

/** Longest pause before a check is tried again that met something unexpected: one log entry each ten minutes. */
const MOST_PAUSE_MS = 600_000

/** What the content of a file is found to be, beside `format_*`. */
const VERDICTS: readonly string[] = ['upload_hash_mismatch', 'upload_incomplete']

/** Makes volumes of uploads whose parts are all there. */
export class UploadVerifier {
  private readonly running = new Map<string, { over: Promise<void>; given: AbortController }>()
  private readonly stopping = new AbortController()
  private readonly uploads: UploadRepository
  private readonly volumes: VolumeService
  private readonly hashes: UploadHashes
  private readonly partialPath: (uploadId: string) => string
  private readonly onError: (error: unknown) => void

  constructor(
    uploads: UploadRepository,
    volumes: VolumeService,
    hashes: UploadHashes,
    partialPath: (uploadId: string) => string,
    onError: (error: unknown) => void,
  ) {
    this.uploads = uploads
    this.volumes = volumes
    this.hashes = hashes
    this.partialPath = partialPath
    this.onError = onError
  }

  /** Waits for what runs; what waits to be tried again goes on at the next start. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.allSettled([...this.running.values()].map(({ over }) => over))
  }

  /** Ends the check of an upload that was given up, where there is one. @returns once nothing is done with its files */
  async cancel(uploadId: string): Promise<void> {
    const run = this.running.get(uploadId)
    run?.given.abort()
    // Who waits for the hash is told; a header that is being read is read to its end.
    this.hashes.forget(uploadId)
    await run?.over
  }

  /** Checks an upload that is complete; its state tells when it is done. */
  verify(record: UploadRecord): void {
    const given = new AbortController()
    const { signal } = given
    const over = onceBack(
      () => this.check(record, signal),
      AbortSignal.any([this.stopping.signal, signal]),
      (...met) => (signal.aborted ? null : this.pauseMs(...met)),
    )
      .catch((error) => this.fail(record, error))
      .catch(this.onError)
      .finally(() => {
        this.hashes.forget(record.uploadId)
        this.running.delete(record.uploadId)
      })
    this.running.set(record.uploadId, { over, given })
  }

  /** Hash, header, rename, record: each step can be done again after a stop at any moment. */
  private async check(record: UploadRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const partial = this.partialPath(record.uploadId)
    const placed = this.volumes.placeOf(record.uploadId, record.filename)
    const isPartial = await this.isWhole(record, partial)
    const file = isPartial ? partial : placed
    if (!isPartial && !(await this.isWhole(record, placed))) throw incomplete(record, 0)
    const sha256 = await this.hashes.digest(record, file)
    if (record.sha256 && sha256 !== record.sha256)
      throw new DomainError('upload_hash_mismatch', { found: sha256, announced: record.sha256 })
    const mode0 = mode0Of(record.metadata)
    if (file === partial) {
      await mkdir(path.dirname(placed), { recursive: true })
      await this.volumes.readHeader(partial, record.filename, mode0)
      signal.throwIfAborted()
      await rename(partial, placed)
    }
    for (const folder of [path.dirname(placed), path.dirname(path.dirname(placed))]) await syncFolder(folder)
    signal.throwIfAborted()
    await this.volumes.adopt({
      volumeId: record.uploadId,
      owner: record.owner,
      filename: record.filename,
      path: placed,
      sha256,
      mode0,
    })
    await this.uploads.move(record.uploadId, 'verifying', 'completed', { volumeId: record.uploadId })
  }

  /** @throws {DomainError} `upload_incomplete` where the file lost bytes */
  private async isWhole(record: UploadRecord, file: string): Promise<boolean> {
    const bytes = await sizeOf(file)
    if (bytes !== null && bytes !== record.totalBytes) throw incomplete(record, bytes)
    return bytes !== null
  }

  /** Only a verdict on the content ends the check: whatever else went wrong, the bytes that were accepted are kept. */
  private pauseMs(error: unknown, times: number): number | null {
    if (isVerdict(error)) return null
    if (mayPass(error)) return AGAIN_MS
    this.onError(error)
    return Math.min(MOST_PAUSE_MS, AGAIN_MS * 2 ** times)
  }

  private async fail(record: UploadRecord, error: unknown): Promise<void> {
    // The next start goes on with it.
    if (!isVerdict(error)) return
    await this.uploads.move(record.uploadId, 'verifying', 'failed', { error: envelopeOf(error) })
    await rm(this.partialPath(record.uploadId), { force: true })
  }
}

/** How mode 0 of an MRC file is to be read, where the sender says so. */
export function mode0Of(metadata: Record<string, unknown> | undefined): 'signed' | 'unsigned' | null {
  const mode0 = metadata?.mode0
  return mode0 === 'signed' || mode0 === 'unsigned' ? mode0 : null
}

function isVerdict(error: unknown): boolean {
  if (!(error instanceof DomainError)) return false
  return VERDICTS.includes(error.code) || error.code.startsWith('format_')
}

function incomplete({ totalBytes, chunkBytes }: UploadRecord, foundBytes: number): DomainError {
  const missing = Math.max(1, Math.ceil((totalBytes - foundBytes) / chunkBytes))
  return new DomainError('upload_incomplete', { missing, totalParts: Math.ceil(totalBytes / chunkBytes) })
}

/** Null where there is no such file; one that cannot be looked at is not taken for gone. */
async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    ({ size }) => size,
    (error) => {
      if (error.code === 'ENOENT') return null
      throw error
    },
  )
}
