import type { InitUpload, InitUploadReply, Upload } from '../contract/uploads.ts'
import type { Volume } from '../contract/volumes.ts'
import { DomainError, errorFromEnvelope } from '../errors/domain-error.ts'
import type { ByteSource } from '../volume/header.ts'
import type { UploadOptions } from './api.ts'
import { backoffMs, pause } from './backoff.ts'
import { fingerprintOf, hashSource } from './fingerprint.ts'
import { hashInThread } from './hash-parts-in-thread.ts'
import { type HttpConnection, isTokenProblem } from './http.ts'
import { hashHere, type PartHashes } from './part-hashes.ts'
import { PartSender } from './part-sender.ts'
import { TransferClock } from './transfer-clock.ts'
import { TransferControl } from './transfer-control.ts'
import type { UploadNote } from './upload-store.ts'
import { WholeHash } from './whole-hash.ts'

/** Failures in a row after which an upload that never began gives up: about a minute and a half. */
const MOST_FAILURES = 10

/** The same once the server has taken the upload: a quarter of an hour. */
const MOST_FAILURES_OPEN = 64

/** How soon the server is asked first whether it has verified the file, and how often at last. */
const FIRST_POLL_MS = 20
const LAST_POLL_MS = 500

/**
 * Files up to this size are hashed before anything is asked: it takes a tenth of a second and finds a file that the
 * server has under any name. Larger ones are read once, hashed while they are sent, and hashed first only where the
 * server says that it has finished a file of this size with the same head, middle and tail, whenever it was changed.
 */
const HASH_FIRST_BYTES = 128 * 1024 * 1024

/** Problems that waiting does not solve. */
const FINAL_CODES = new Set(['disk_full', 'quota_exceeded', 'file_changed', 'upload_incomplete'])

/**
 * Sends a file in parts and returns the checked volume. A file the server has is not sent again, and an open upload of
 * the same file is continued with the parts that are missing; so every call is also the continuation of an earlier one.
 * @throws {DomainError} `canceled`, `unauthorized` (go on by calling again with another token), `server_unreachable`,
 *   `file_changed`, `upload_*`, `uploads_limit`, `quota_exceeded`, `disk_full`, `format_*`
 */
export async function uploadFile(http: HttpConnection, source: ByteSource, options: UploadOptions): Promise<Volume> {
  return new UploadRun(http, source, options).toEnd()
}

/** One upload. States: hashing → sending → verifying → done; every step can be repeated after a failure. */
export class UploadRun {
  readonly clock: TransferClock
  readonly control: TransferControl
  readonly signal: AbortSignal
  readonly http: HttpConnection
  readonly source: ByteSource
  readonly options: UploadOptions
  private failures = 0
  private isOpen = false
  private sha256: string | null = null
  private hashes: Promise<PartHashes> | null = null
  private whole: { chunkBytes: number; hash: WholeHash } | null = null

  constructor(http: HttpConnection, source: ByteSource, options: UploadOptions) {
    this.http = http
    this.source = source
    this.options = options
    this.control = options.control ?? new TransferControl()
    this.signal = AbortSignal.any([this.control.cancelSignal, ...(options.signal ? [options.signal] : [])])
    this.clock = new TransferClock(source.sizeBytes, options.onProgress)
  }

  async toEnd(): Promise<Volume> {
    try {
      const volume = await this.run()
      this.clock.phase('done')
      return volume
    } catch (error) {
      if (this.signal.aborted) throw new DomainError('canceled', { cause: error })
      throw error
    } finally {
      await (await this.hashes)?.close()
    }
  }

  private async run(): Promise<Volume> {
    const fingerprint = await fingerprintOf(this.source, this.options.modifiedMs)
    this.sha256 = await this.rememberedHash(fingerprint)
    if (this.sha256 === null && this.source.sizeBytes <= HASH_FIRST_BYTES) await this.hashAll()
    for (;;) {
      const begun = await this.begin(fingerprint)
      if ('volume' in begun && begun.volume && !('upload_id' in begun)) return begun.volume
      if (!('upload_id' in begun)) {
        await this.hashAll()
        continue
      }
      try {
        return await this.carryThrough(begun, fingerprint)
      } catch (error) {
        // The server cleaned the upload away, or lost parts of it: begin again with what it has now.
        const isStale =
          error instanceof DomainError && (error.code === 'upload_not_found' || error.code === 'upload_incomplete')
        if (!isStale || this.signal.aborted) {
          await this.leave(begun.upload_id, error)
          throw error
        }
        await this.countFailure(error)
      }
    }
  }

  private begin(fingerprint: string): Promise<InitUploadReply> {
    const { filename, chunkBytes, metadata } = this.options
    const body: InitUpload = {
      filename,
      total_size: this.source.sizeBytes,
      fingerprint,
      ...(this.sha256 === null ? { ask_known: true } : { sha256: this.sha256 }),
      ...(chunkBytes === undefined ? {} : { chunk_size: chunkBytes }),
      ...(metadata === undefined ? {} : { metadata }),
    }
    return this.patiently(() =>
      this.http.json<InitUploadReply>({ method: 'POST', url: '/v1/uploads/init', data: body, signal: this.signal }),
    )
  }

  private async carryThrough(upload: Upload, fingerprint: string): Promise<Volume> {
    this.isOpen = true
    await this.note(upload.upload_id, fingerprint)
    this.clock.phase('sending')
    // A thread takes longer to start than a small file to hash.
    this.hashes ??= this.source.sizeBytes > HASH_FIRST_BYTES ? hashInThread() : Promise.resolve(hashHere())
    const hashes = await this.hashes
    const whole = this.sha256 === null ? this.wholeHash(hashes, upload.chunk_size, upload.total_parts) : null
    await new PartSender(this, upload, hashes, whole).toEnd()
    await this.checkUnchanged()
    this.sha256 ??= (await whole?.digest()) ?? null
    await this.checkUnchanged()
    await this.note(upload.upload_id, fingerprint)
    const volume = await this.verify(upload.upload_id, this.sha256 as string)
    await this.forget()
    return volume
  }

  /** What is hashed stays hashed when the upload has to begin again. */
  private wholeHash(hashes: PartHashes, chunkBytes: number, totalParts: number): WholeHash {
    if (this.whole?.chunkBytes !== chunkBytes) {
      const { sizeBytes } = this.source
      const read = (index: number) =>
        this.source.read(index * chunkBytes, Math.min(chunkBytes, sizeBytes - index * chunkBytes), this.signal)
      this.whole = { chunkBytes, hash: new WholeHash(hashes, totalParts, read) }
    }
    return this.whole.hash
  }

  private async hashAll(): Promise<void> {
    this.clock.phase('hashing')
    this.sha256 = await hashSource(this.source, (bytes) => this.clock.add(bytes), this.signal)
    await this.checkUnchanged()
  }

  private async verify(uploadId: string, sha256: string): Promise<Volume> {
    const { signal } = this
    this.clock.phase('verifying')
    const url = `/v1/uploads/${uploadId}`
    let upload = await this.patiently(() =>
      this.http.json<Upload>({ method: 'POST', url: `${url}/complete`, data: { sha256 }, signal }),
    )
    for (let pollMs = FIRST_POLL_MS; upload.state === 'verifying' || upload.state === 'receiving'; ) {
      await pause(pollMs, signal)
      pollMs = Math.min(1.25 * pollMs, LAST_POLL_MS)
      upload = await this.patiently(() => this.http.json<Upload>({ method: 'GET', url, signal }))
    }
    if (upload.error) throw errorFromEnvelope(upload.error)
    if (!upload.volume) throw new DomainError('upload_state', { state: upload.state })
    return upload.volume
  }

  /** @throws {DomainError} `file_changed` */
  async checkUnchanged(): Promise<void> {
    if (this.options.isUnchanged && !(await this.options.isUnchanged()))
      throw new DomainError('file_changed', { name: this.options.filename })
  }

  /** Repeats what can succeed later, with growing waits, until it does or too many tries in a row failed. */
  private async patiently<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        await this.survive(error)
      }
    }
  }

  /** Waits, or asks for another token than the one that was `used`, where the failure may pass; otherwise throws it. */
  async survive(error: unknown, used = this.http.address.token): Promise<void> {
    if (this.signal.aborted || !(error instanceof DomainError)) throw error
    if (isTokenProblem(error)) return this.http.renewToken(error, used, this.options.renewToken)
    if (!error.retryable || FINAL_CODES.has(error.code)) throw error
    await this.countFailure(error)
  }

  /** A part got through: failures before it do not count any more. */
  progressed(): void {
    this.failures = 0
  }

  private async countFailure(error: DomainError): Promise<void> {
    this.failures++
    if (this.failures > (this.isOpen ? MOST_FAILURES_OPEN : MOST_FAILURES)) throw error
    this.clock.retrying()
    await pause(backoffMs(this.failures), this.signal)
  }

  /** The whole hash of an earlier run; an upload of what the file was before it changed is deleted on the server. */
  private async rememberedHash(fingerprint: string): Promise<string | null> {
    const { remember } = this.options
    const note = await remember?.store.find(this.http.address.url, remember.path)
    if (!note) return null
    if (note.fingerprint === fingerprint) return note.sha256
    await this.deleteUpload(note.upload_id)
    return null
  }

  private async note(uploadId: string, fingerprint: string): Promise<void> {
    const { remember, modifiedMs } = this.options
    if (!remember) return
    const note: UploadNote = {
      server: this.http.address.url,
      path: remember.path,
      fingerprint,
      upload_id: uploadId,
      size: this.source.sizeBytes,
      mtime: modifiedMs ?? 0,
      sha256: this.sha256,
    }
    await remember.store.save(note)
  }

  private async forget(): Promise<void> {
    const { remember } = this.options
    await remember?.store.remove(this.http.address.url, remember.path)
  }

  /** Keeps what can be continued; deletes what cannot. */
  private async leave(uploadId: string, error: unknown): Promise<void> {
    const code = error instanceof DomainError ? error.code : null
    const isOver = this.control.cancelSignal.aborted || code === 'file_changed' || code === 'upload_hash_mismatch'
    if (isOver) await this.deleteUpload(uploadId)
  }

  private async deleteUpload(uploadId: string): Promise<void> {
    await this.http.send({ method: 'DELETE', url: `/v1/uploads/${uploadId}` }).catch(() => undefined)
    await this.forget()
  }
}
