import { createHash } from 'node:crypto'
import type { InitUpload, InitUploadReply, Upload } from '../contract/uploads.ts'
import type { Volume } from '../contract/volumes.ts'
import { DomainError, errorFromEnvelope } from '../errors/domain-error.ts'
import type { ByteSource } from '../volume/header.ts'
import type { UploadOptions } from './api.ts'
import { backoffMs, pause } from './backoff.ts'
import { fingerprintOf, hashSource } from './fingerprint.ts'
import type { HttpConnection } from './http.ts'
import { TransferClock } from './transfer-clock.ts'

/** Parts sent at the same time where nothing else is said. */
const DEFAULT_CONCURRENCY = 4

/** Failures in a row, without any part getting through, after which an upload gives up: about a minute and a half. */
const MOST_FAILURES = 10

/** How often the server is asked whether it has verified the file. */
const VERIFY_POLL_MS = 150

/**
 * Sends a file in parts and returns the checked volume. Hashes it first; a file the server has is not sent again,
 * and an open upload of the same file is continued with the parts that are missing.
 * @throws {DomainError} `canceled`, `server_unreachable`, `upload_*`, `format_*`, `disk_full`
 */
export async function uploadFile(http: HttpConnection, source: ByteSource, options: UploadOptions): Promise<Volume> {
  return new UploadRun(http, source, options).toEnd()
}

/** One upload. States: hashing → sending → verifying → done; every step can be repeated after a failure. */
class UploadRun {
  private readonly clock: TransferClock
  private failures = 0
  private readonly http: HttpConnection
  private readonly source: ByteSource
  private readonly options: UploadOptions

  constructor(http: HttpConnection, source: ByteSource, options: UploadOptions) {
    this.http = http
    this.source = source
    this.options = options
    this.clock = new TransferClock(source.sizeBytes, options.onProgress)
  }

  async toEnd(): Promise<Volume> {
    const { signal } = this.options
    try {
      const volume = await this.run()
      this.clock.phase('done')
      return volume
    } catch (error) {
      if (signal?.aborted) throw new DomainError('canceled', { cause: error })
      throw error
    }
  }

  private async run(): Promise<Volume> {
    const { filename, chunkBytes, modifiedMs, metadata, signal } = this.options
    this.clock.phase('hashing')
    const sha256 = await hashSource(this.source, (bytes) => this.clock.add(bytes), signal)
    const body: InitUpload = {
      filename,
      total_size: this.source.sizeBytes,
      fingerprint: await fingerprintOf(this.source, modifiedMs),
      sha256,
      ...(chunkBytes === undefined ? {} : { chunk_size: chunkBytes }),
      ...(metadata === undefined ? {} : { metadata }),
    }
    for (;;) {
      const begun = await this.patiently(() =>
        this.http.json<InitUploadReply>({ method: 'POST', url: '/v1/uploads/init', data: body, signal }),
      )
      if (!('upload_id' in begun)) return begun.volume as Volume
      try {
        await this.sendParts(begun)
        return await this.verify(begun.upload_id, sha256)
      } catch (error) {
        // The server cleaned the upload away, or lost parts of it: begin again with what it has now.
        const isStale =
          error instanceof DomainError && (error.code === 'upload_not_found' || error.code === 'upload_incomplete')
        if (!isStale) throw error
        await this.countFailure(error)
      }
    }
  }

  private async sendParts(upload: Upload): Promise<void> {
    const received = new Set(upload.received_parts)
    const missing = Array.from({ length: upload.total_parts }, (_, index) => index).filter(
      (index) => !received.has(index),
    )
    this.clock.phase('sending')
    const partBytes = (index: number) => Math.min(upload.chunk_size, upload.total_size - index * upload.chunk_size)
    this.clock.skip([...received].reduce((sum, index) => sum + partBytes(index), 0))
    const stop = new AbortController()
    const signal = this.options.signal ? AbortSignal.any([this.options.signal, stop.signal]) : stop.signal
    const sendNext = async (): Promise<void> => {
      for (let index = missing.shift(); index !== undefined; index = missing.shift()) {
        await this.sendPart(upload, index, partBytes(index), signal)
        this.clock.add(partBytes(index))
        this.failures = 0
      }
    }
    const lanes = Array.from({ length: this.options.concurrency ?? DEFAULT_CONCURRENCY }, sendNext)
    try {
      await Promise.all(lanes)
    } finally {
      stop.abort()
      await Promise.allSettled(lanes)
    }
  }

  private async sendPart(upload: Upload, index: number, lengthBytes: number, signal: AbortSignal): Promise<void> {
    await this.patiently(async () => {
      const bytes = await this.source.read(index * upload.chunk_size, lengthBytes, signal)
      const digest = createHash('sha256').update(bytes).digest('base64')
      await this.http.json({
        method: 'PUT',
        url: `/v1/uploads/${upload.upload_id}/part/${index}`,
        data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        headers: { 'content-type': 'application/octet-stream', 'content-digest': `sha-256=:${digest}:` },
        timeout: 0,
        signal,
      })
    }, signal)
  }

  private async verify(uploadId: string, sha256: string): Promise<Volume> {
    const { signal } = this.options
    this.clock.phase('verifying')
    const url = `/v1/uploads/${uploadId}`
    let upload = await this.patiently(() =>
      this.http.json<Upload>({ method: 'POST', url: `${url}/complete`, data: { sha256 }, signal }),
    )
    while (upload.state === 'verifying' || upload.state === 'receiving') {
      await pause(VERIFY_POLL_MS, signal)
      upload = await this.patiently(() => this.http.json<Upload>({ method: 'GET', url, signal }))
    }
    if (upload.error) throw errorFromEnvelope(upload.error)
    if (!upload.volume) throw new DomainError('upload_state', { state: upload.state })
    return upload.volume
  }

  /** Repeats what can succeed later, with growing waits, until it does or too many tries in a row failed. */
  private async patiently<T>(attempt: () => Promise<T>, signal = this.options.signal): Promise<T> {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        const canSucceedLater = error instanceof DomainError && error.retryable
        if (signal?.aborted || !canSucceedLater || error.code === 'disk_full') throw error
        await this.countFailure(error)
      }
    }
  }

  private async countFailure(error: DomainError): Promise<void> {
    this.failures++
    if (this.failures > MOST_FAILURES) throw error
    this.clock.retrying()
    await pause(backoffMs(this.failures), this.options.signal)
  }
}
