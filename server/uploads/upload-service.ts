import { mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { InitUpload } from '../../shared/contract/uploads.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import { JoinedWork } from '../joined-work.ts'
import type { VolumeRecord } from '../volumes/volume-repository.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { asDiskProblem } from './disk-problem.ts'
import type { FileHasher } from './file-hasher.ts'
import { type IncomingPart, PartReceiver } from './part-receiver.ts'
import { PartsAtOnce } from './parts-at-once.ts'
import { type AdmissionLimits, UploadAdmission } from './upload-admission.ts'
import { UploadHashes } from './upload-hashes.ts'
import type { ReceivedPart, UploadRecord, UploadRepository } from './upload-repository.ts'
import { mode0Of, UploadVerifier } from './upload-verifier.ts'

export interface UploadView {
  record: UploadRecord
  receivedParts: number[]
  volume: VolumeRecord | null
}

type Limits = AdmissionLimits &
  Pick<
    ServerConfig,
    'minChunkBytes' | 'maxChunkBytes' | 'defaultChunkBytes' | 'uploadLifetimeHours' | 'uploadIdleSeconds'
  >

/** A check that is given up is waited for as long: unpacking a large file's header may take longer, and ends by itself. */
const FILES_GONE_MS = 5_000

/** Checks that are nearly done when the server stops have this long. */
const LAST_CHECKS_MS = 5_000

/** A file without a record that is this young may belong to an upload that is just beginning. */
const YOUNG_MS = 3600_000

/** An upload that goes on is kept longer once it has lived through this share of its time. */
const EXTEND_SHARE = 0.02

/**
 * Receives files in parts. States of an upload: receiving → verifying → completed | failed.
 * What is recorded and synced on disk is the truth: a part counts once its bytes are synced in their place of one file,
 * and the file becomes a volume by one rename after its hash and header were checked.
 */
export class UploadService {
  /** Removes what retention may until so much is free on the disk; set where there is retention. */
  makeRoom: (freeBytes: number) => Promise<void> = async () => undefined
  private readonly receiver: PartReceiver
  private readonly remaking = new JoinedWork<UploadRecord>()
  private readonly partsAtOnce = new PartsAtOnce()
  private readonly hashes: UploadHashes
  private readonly verifier: UploadVerifier
  private readonly uploads: UploadRepository
  private readonly volumes: VolumeService
  private readonly limits: Limits
  private readonly admission: UploadAdmission
  private readonly newId: () => string
  private readonly onError: (error: unknown) => void

  constructor(
    uploads: UploadRepository,
    volumes: VolumeService,
    limits: Limits,
    hasher: FileHasher,
    newId: () => string,
    onError: (error: unknown) => void,
  ) {
    this.uploads = uploads
    this.volumes = volumes
    this.limits = limits
    this.admission = new UploadAdmission(uploads, limits, (freeBytes) => this.makeRoom(freeBytes))
    this.newId = newId
    this.onError = onError
    this.hashes = new UploadHashes(uploads, hasher)
    const partialOf = (uploadId: string) => this.partialPath(uploadId)
    this.verifier = new UploadVerifier(uploads, volumes, this.hashes, partialOf, onError)
    this.receiver = new PartReceiver(uploads, partialOf, limits.uploadIdleSeconds * 1000)
  }

  /** Makes the folder and goes on with verifications that a stop interrupted. */
  async start(): Promise<void> {
    await mkdir(path.join(this.limits.dataFolder, 'uploads'), { recursive: true })
    for (const record of await this.uploads.withState('verifying')) this.verifier.verify(record)
    await this.removeExpired()
    await this.removeOrphans(Number.NEGATIVE_INFINITY)
  }

  /** Waits for running verifications, but for a long one not to its end: it begins anew at the next start. */
  async stop(): Promise<void> {
    this.receiver.stop()
    const checked = this.verifier.stop()
    await Promise.race([checked, delay(LAST_CHECKS_MS, undefined, { ref: false })])
    await this.hashes.close()
    await checked
  }

  /**
   * Opens an upload, finds the open one of the same file, or gives the volume at once when this user already has it.
   * @throws {DomainError} `chunk_size_out_of_range`, `upload_too_large`, `uploads_limit`, `quota_exceeded`, `disk_full`,
   *   `request_invalid`
   */
  async init(owner: string, body: InitUpload): Promise<UploadView | { volume: VolumeRecord } | { looksKnown: true }> {
    const filename = safeFilename(body.filename)
    const mode0 = mode0Of(body.metadata)
    const known = body.sha256 ? await this.volumes.findByHash(owner, body.sha256, mode0) : null
    if (known) return { volume: known }
    const started = body.fingerprint ? await this.uploads.findOpen(owner, body.fingerprint, body.total_size) : null
    // The same bytes read with another sign are another volume.
    const isSame =
      started &&
      mode0Of(started.metadata) === mode0 &&
      (!body.sha256 || (!started.sha256 && started.state === 'receiving') || started.sha256 === body.sha256)
    if (isSame) return this.view(started.state === 'receiving' ? await this.withItsFile(started) : started)
    const asks = body.ask_known && body.fingerprint && !body.sha256
    if (asks && (await this.uploads.findFinished(owner, body.fingerprint as string, body.total_size)))
      return { looksKnown: true }
    const { minChunkBytes, maxChunkBytes, defaultChunkBytes } = this.limits
    const chunkBytes = body.chunk_size ?? defaultChunkBytes
    if (chunkBytes < minChunkBytes || chunkBytes > maxChunkBytes) {
      throw new DomainError('chunk_size_out_of_range', { chunkBytes, minBytes: minChunkBytes, maxBytes: maxChunkBytes })
    }
    const record: UploadRecord = {
      uploadId: this.newId(),
      owner,
      state: 'receiving',
      filename,
      totalBytes: body.total_size,
      chunkBytes,
      fingerprint: body.fingerprint ?? null,
      sha256: body.sha256 ?? null,
      metadata: body.metadata ?? {},
      createdAt: new Date().toISOString(),
      expiresAt: this.expiryFromNow(),
      volumeId: null,
      error: null,
    }
    return this.admission.admit(owner, record.totalBytes, async () => {
      await this.makePartial(record)
      await this.uploads.insert(record)
      return this.view(record)
    })
  }

  /** A file that is going on is kept. Not at every part: each commit waits for the disk. */
  private async extend({ uploadId, expiresAt }: UploadRecord): Promise<void> {
    const wanted = this.expiryFromNow()
    const gainedMs = Date.parse(wanted) - Date.parse(expiresAt)
    if (gainedMs > EXTEND_SHARE * this.limits.uploadLifetimeHours * 3600_000)
      await this.uploads.extend(uploadId, wanted)
  }

  private expiryFromNow(): string {
    return new Date(Date.now() + this.limits.uploadLifetimeHours * 3600_000).toISOString()
  }

  private async makePartial(record: UploadRecord): Promise<void> {
    const file = this.partialPath(record.uploadId)
    try {
      await (await open(file, 'wx')).close()
      await truncate(file, record.totalBytes)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') await rm(file, { force: true }).catch(this.onError)
      throw asDiskProblem(cause, record.totalBytes)
    }
  }

  /** The file on disk is the truth: where it is gone or of another size, nothing counts as received. */
  private withItsFile(record: UploadRecord): Promise<UploadRecord> {
    return this.remaking.run(record.uploadId, () => this.remadeIfGone(record))
  }

  private async remadeIfGone(record: UploadRecord): Promise<UploadRecord> {
    const found = await stat(this.partialPath(record.uploadId)).catch(() => null)
    if (found?.size === record.totalBytes) return record
    await this.receiver.stopUpload(record.uploadId)
    this.hashes.forget(record.uploadId)
    await this.uploads.forgetParts(record.uploadId)
    await rm(this.partialPath(record.uploadId), { force: true })
    await this.makePartial(record)
    return record
  }

  /** @throws {DomainError} `upload_not_found` */
  async get(owner: string, uploadId: string): Promise<UploadView> {
    return this.view(await this.find(owner, uploadId))
  }

  /**
   * Takes one part. A part that is already recorded with the same hash is not written again; a second sender of the same
   * part replaces the first.
   * @throws {DomainError} `upload_not_found`, `upload_state`, `upload_part_index`, `upload_part_size`, `upload_part_corrupt`,
   *   `upload_incomplete`, `upload_stalled`, `upload_connection_lost`, `disk_full`, `rate_limited`
   */
  receivePart(owner: string, uploadId: string, part: IncomingPart): Promise<ReceivedPart> {
    return this.partsAtOnce.during(owner, async () => {
      const record = await this.find(owner, uploadId)
      return this.receiver.receive(record, part, async () => {
        await this.extend(record)
        // Only a head start: the check of the whole reads what is not hashed by then.
        this.hashes.partStored(record, this.partialPath(uploadId), part.partIndex).catch(() => undefined)
      })
    })
  }

  /**
   * Starts the check of a whole upload; its state tells when it is done.
   * @throws {DomainError} `upload_not_found`, `upload_state`, `upload_incomplete`
   */
  async complete(owner: string, uploadId: string, sha256: string | undefined): Promise<UploadView> {
    const record = await this.find(owner, uploadId)
    if (record.state === 'verifying' || record.state === 'completed') return this.view(record)
    if (record.state === 'failed') throw new DomainError('upload_state', { state: record.state })
    await this.withItsFile(record)
    const totalParts = Math.ceil(record.totalBytes / record.chunkBytes)
    const numReceived = (await this.uploads.parts(uploadId)).length
    if (numReceived < totalParts)
      throw new DomainError('upload_incomplete', { missing: totalParts - numReceived, totalParts })
    if (sha256 && record.sha256 && sha256 !== record.sha256) {
      throw new DomainError('upload_hash_mismatch', { found: sha256, announced: record.sha256 })
    }
    const change = sha256 ? { sha256 } : {}
    if (await this.uploads.move(uploadId, 'receiving', 'verifying', change))
      this.verifier.verify({ ...record, ...change, state: 'verifying' })
    return this.view(await this.find(owner, uploadId))
  }

  /**
   * Gives an upload up, also while it is checked; what was received is deleted. A volume that was made of it stays.
   * @throws {DomainError} `upload_not_found`
   */
  async delete(owner: string, uploadId: string): Promise<void> {
    const record = await this.find(owner, uploadId)
    await this.receiver.stopUpload(uploadId)
    // First, so that no check of it begins any more; what a stop leaves of its files is removed later.
    await this.uploads.delete(uploadId)
    const removed = this.verifier
      .cancel(uploadId)
      .then(() => this.removeFiles(record))
      .catch(this.onError)
    await Promise.race([removed, delay(FILES_GONE_MS, undefined, { ref: false })])
  }

  private async removeFiles({ uploadId, owner, filename }: UploadRecord): Promise<void> {
    await rm(this.partialPath(uploadId), { force: true })
    if (await this.volumes.find(owner, uploadId)) return
    await rm(path.dirname(this.volumes.placeOf(uploadId, filename)), { recursive: true, force: true })
  }

  /**
   * The clock went on without the server, or was set: open uploads keep what they had left of their time, and none has
   * more than its whole time.
   * @param aheadMs below 0 where the clock was set back; infinite where nobody knows
   */
  async keepOpen(aheadMs: number, nowMs = Date.now()): Promise<void> {
    const lastMs = nowMs + this.limits.uploadLifetimeHours * 3600_000
    for (const { uploadId, expiresAt } of await this.uploads.withState('receiving')) {
      const endMs = Math.min(lastMs, Date.parse(expiresAt) + Math.max(0, aheadMs))
      await this.uploads.extend(uploadId, new Date(endMs).toISOString())
    }
  }

  /** Deletes uploads that nobody went on with; one that cannot go is tried again the next time. */
  async removeExpired(nowMs = Date.now()): Promise<void> {
    for (const record of await this.uploads.withState('receiving')) {
      if (Date.parse(record.expiresAt) < nowMs)
        await this.delete(record.owner, record.uploadId).catch((error) => this.onError(error))
    }
    for (const record of await this.uploads.withState('failed')) {
      if (Date.parse(record.expiresAt) < nowMs) await this.uploads.delete(record.uploadId)
    }
    await this.removeOrphans(YOUNG_MS)
  }

  /** Deletes files whose upload is not known any more: a stop in between, or one that could not be removed then. */
  private async removeOrphans(youngMs: number): Promise<void> {
    const folder = path.join(this.limits.dataFolder, 'uploads')
    for (const name of await readdir(folder)) {
      const uploadId = /^(.+)\.partial$/.exec(name)?.[1]
      if (!uploadId || (await this.uploads.find(uploadId))) continue
      const file = path.join(folder, name)
      const changedMs = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => Number.POSITIVE_INFINITY,
      )
      if (Date.now() - changedMs >= youngMs) await rm(file, { force: true }).catch(this.onError)
    }
  }

  private async find(owner: string, uploadId: string): Promise<UploadRecord> {
    const record = await this.uploads.find(uploadId)
    if (!record || record.owner !== owner) throw new DomainError('upload_not_found', { uploadId })
    return record
  }

  private async view(record: UploadRecord): Promise<UploadView> {
    const parts = await this.uploads.parts(record.uploadId)
    const volume = record.volumeId ? await this.volumes.find(record.owner, record.volumeId) : null
    return { record, receivedParts: parts.map((part) => part.partIndex), volume }
  }

  private partialPath(uploadId: string): string {
    return path.join(this.limits.dataFolder, 'uploads', `${uploadId}.partial`)
  }
}

/** A file's name without any path. @throws {DomainError} `request_invalid` */
function safeFilename(filename: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused
  if (/[/\\\u0000-\u001f\u007f-\u009f]/.test(filename) || filename === '.' || filename === '..') {
    throw new DomainError('request_invalid', { reason: 'filename must be a plain file name' })
  }
  return filename
}
