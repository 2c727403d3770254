import type { Upload } from '../contract/uploads.ts'
import { DomainError } from '../errors/domain-error.ts'
import { IdleGuard } from './idle-guard.ts'
import { LaneControl } from './lane-control.ts'
import { partBody } from './part-body.ts'
import type { PartHashes } from './part-hashes.ts'
import type { UploadRun } from './upload.ts'
import type { WholeHash } from './whole-hash.ts'

/** Where nothing else is said, a part of which nothing moves for this long is sent again. */
const IDLE_MS = 45_000

/** Once all is given to the socket: what the system still holds goes out and the server syncs it. */
const ANSWER_MS = 180_000

interface Outcome {
  index: number
  /** Failures before it began; one loss of the network ends all parts in flight, and counts once. */
  epoch: number
  /** That it was sent with. */
  token: string
  error: unknown
}

/** Sends the parts that an upload lacks, several at once; after a failure the server is asked what it has. */
export class PartSender {
  private readonly lanes: LaneControl
  private readonly active = new Map<number, Promise<Outcome>>()
  private missing: number[]
  private epoch = 0
  /** Buffers of parts that have arrived: a new one for each part would call for a collection of all garbage each time. */
  private readonly spare: Uint8Array[] = []
  private readonly stop = new AbortController()
  private readonly run: UploadRun
  private readonly upload: Upload
  private readonly hashes: PartHashes
  private readonly whole: WholeHash | null

  constructor(run: UploadRun, upload: Upload, hashes: PartHashes, whole: WholeHash | null) {
    this.run = run
    this.upload = upload
    this.hashes = hashes
    this.whole = whole
    this.lanes = new LaneControl(run.options.concurrency)
    this.missing = missingOf(upload)
    const missingBytes = this.missing.reduce((sum, index) => sum + this.bytesOf(index), 0)
    run.clock.skip(upload.total_size - missingBytes)
  }

  /** @throws {DomainError} as `uploadFile` */
  async toEnd(): Promise<void> {
    try {
      while (this.missing.length > 0 || this.active.size > 0) {
        if (this.run.control.isPaused) {
          await this.waitWhilePaused()
          continue
        }
        while (this.active.size < this.lanes.lanes && this.missing.length > 0)
          this.start(this.missing.shift() as number)
        const outcome = await Promise.race(this.active.values())
        this.active.delete(outcome.index)
        if (outcome.error) await this.failed(outcome)
        else this.arrived(outcome.index)
      }
    } finally {
      this.stop.abort()
      await Promise.allSettled(this.active.values())
    }
  }

  private arrived(index: number): void {
    this.run.progressed()
    this.lanes.partDone(this.bytesOf(index), performance.now())
  }

  private async failed({ index, epoch, token, error }: Outcome): Promise<void> {
    this.missing = [...this.missing, index].sort((a, b) => a - b)
    // A pause ended it.
    if (error instanceof DomainError && error.code === 'canceled' && !this.run.signal.aborted) return
    if (epoch < this.epoch) return
    this.lanes.failed()
    await this.run.survive(error, token)
    this.epoch++
    await this.look()
  }

  /** Parts whose answer was lost need not be sent again; ones that the server lost do. */
  private async look(): Promise<void> {
    const { upload, run } = this
    try {
      const now = await run.http.json<Upload>({
        method: 'GET',
        url: `/v1/uploads/${upload.upload_id}`,
        signal: run.signal,
      })
      const missing = missingOf(now).filter((index) => !this.active.has(index))
      const gone = this.missing.filter((index) => now.received_parts.includes(index))
      run.clock.skip(gone.reduce((sum, index) => sum + this.bytesOf(index), 0))
      const lost = missing.filter((index) => !this.missing.includes(index))
      run.clock.undo(lost.reduce((sum, index) => sum + this.bytesOf(index), 0))
      this.missing = missing
    } catch (error) {
      await run.survive(error)
      await this.look()
    }
  }

  private async waitWhilePaused(): Promise<void> {
    this.run.clock.paused(true)
    const outcomes = await Promise.all(this.active.values())
    this.active.clear()
    for (const { index, error } of outcomes) if (error) this.missing = [...this.missing, index].sort((a, b) => a - b)
    await this.run.control.going(this.run.signal)
    this.run.clock.paused(false)
  }

  private bytesOf(index: number): number {
    return Math.min(this.upload.chunk_size, this.upload.total_size - index * this.upload.chunk_size)
  }

  private start(index: number): void {
    const { epoch } = this
    const { token } = this.run.http.address
    const end = (error: unknown): Outcome => ({ index, epoch, token, error })
    const done = this.send(index).then(() => end(null), end)
    this.active.set(index, done)
  }

  private async read(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const { source } = this.run
    const [offset, length] = [index * this.upload.chunk_size, this.bytesOf(index)]
    if (!source.readInto) return source.read(offset, length, signal)
    const found = this.spare.findIndex((bytes) => bytes.length === length)
    const bytes = found < 0 ? this.hashes.allocate(length) : this.spare.splice(found, 1)[0]
    await source.readInto(offset, bytes, signal)
    return bytes
  }

  private async send(index: number): Promise<void> {
    const { run, upload } = this
    const signal = AbortSignal.any([run.signal, this.stop.signal, run.control.pauseSignal])
    const bytes = await this.read(index, signal)
    await run.checkUnchanged()
    const digested = this.hashes.digest(bytes)
    digested.catch(() => undefined)
    await this.whole?.take(index, bytes)
    const digest = await digested
    const guard = new IdleGuard(run.options.idleMs ?? IDLE_MS, signal)
    let sentBytes = 0
    const onSlice = (slice: number) => {
      sentBytes += slice
      run.clock.add(slice)
      const isLast = sentBytes === bytes.length
      guard.touch(isLast ? (run.options.idleMs ?? ANSWER_MS) : undefined)
    }
    try {
      await run.http.json({
        method: 'PUT',
        url: `/v1/uploads/${upload.upload_id}/part/${index}`,
        data: partBody(bytes, run.control.bucket, onSlice, guard.signal),
        headers: {
          'content-type': 'application/octet-stream',
          'content-digest': `sha-256=:${digest}:`,
          'content-length': String(bytes.length),
        },
        timeout: 0,
        signal: guard.signal,
      })
      // Not after a failure: the socket may still hold it.
      this.spare.push(bytes)
    } catch (error) {
      run.clock.undo(sentBytes)
      throw guard.explain(error, run.http.address.url)
    } finally {
      guard.end()
    }
  }
}

function missingOf(upload: Upload): number[] {
  const received = new Set(upload.received_parts)
  return Array.from({ length: upload.total_parts }, (_, index) => index).filter((index) => !received.has(index))
}
