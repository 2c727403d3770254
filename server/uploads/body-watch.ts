import { Readable } from 'node:stream'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Less than this in a whole idle time is a stalled sender: far below any line that is of use, 270 B/s at one minute. */
const LEAST_BYTES = 16 * 1024

/** The idle time is looked at in this many steps, so that a stall is found at most a quarter too late. */
const STEPS = 4

/** Bytes that are handed over at once: larger gains nothing, smaller costs turns of the loop and system calls. */
const BATCH_BYTES = 1024 * 1024

/** Bytes that wait while the reader is busy with the batch before. */
const MOST_WAITING_BYTES = 2 * BATCH_BYTES

/**
 * Reads the body of a part as long as it comes, some chunks at a time. A body that stops, or only trickles, is ended with
 * a problem instead of holding its place; so is one whose sender is replaced by another. Time in which the reader itself
 * is busy (writing to a slow disk) does not count.
 * @param signal ends the reading with `canceled`
 * @throws {DomainError} `upload_stalled`, `upload_connection_lost`, `canceled`
 */
export async function* watchedBody(
  body: AsyncIterable<Uint8Array>,
  limits: { partIndex: number; idleMs: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array[]> {
  const { partIndex, idleMs, signal } = limits
  const batches = new Batches(body instanceof Readable ? body : Readable.from(body), partIndex)
  const received: number[] = []
  const onAbort = () => batches.end(new DomainError('canceled'))
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setInterval(() => {
    const stepBytes = batches.takeCount()
    if (batches.isWaiting) received.push(stepBytes)
    else received.length = 0
    if (received.length > STEPS) received.shift()
    const isStalled = received.length === STEPS && received.reduce((sum, bytes) => sum + bytes) < LEAST_BYTES
    if (isStalled) batches.end(new DomainError('upload_stalled', { partIndex, seconds: idleMs / 1000 }))
  }, idleMs / STEPS)
  try {
    if (signal.aborted) onAbort()
    for (let batch = await batches.next(); batch; batch = await batches.next()) yield batch
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
    batches.close()
  }
}

/** Chunks of a stream as it gives them, gathered without a promise for each. States: open → over | ended by a problem. */
class Batches {
  private readonly stream: Readable
  private readonly partIndex: number
  private batch: Uint8Array[] = []
  private batchBytes = 0
  private countedBytes = 0
  private isOver = false
  private problem: DomainError | null = null
  private wake: (() => void) | null = null

  constructor(stream: Readable, partIndex: number) {
    this.stream = stream
    this.partIndex = partIndex
    stream.on('data', this.came).on('end', this.over).on('error', this.lost).on('close', this.closed)
    if (stream.destroyed) this.closed()
  }

  get isWaiting(): boolean {
    return this.wake !== null
  }

  /** Bytes since it was asked last. */
  takeCount(): number {
    const bytes = this.countedBytes
    this.countedBytes = 0
    return bytes
  }

  /** Null after the last one. @throws {DomainError} what ended it */
  async next(): Promise<Uint8Array[] | null> {
    while (!this.problem && !this.isOver && this.batchBytes < BATCH_BYTES) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
        this.stream.resume()
      })
      this.wake = null
    }
    if (this.problem) throw this.problem
    const { batch } = this
    this.batch = []
    this.batchBytes = 0
    return batch.length > 0 ? batch : null
  }

  end(problem: DomainError): void {
    this.problem ??= problem
    this.wake?.()
  }

  /** What is left of the stream is not read. A failure of it that comes later is nobody's. */
  close(): void {
    this.stream.off('data', this.came).off('close', this.closed)
    this.stream.pause()
    this.batch = []
  }

  private readonly came = (chunk: Uint8Array): void => {
    this.batch.push(chunk)
    this.batchBytes += chunk.length
    this.countedBytes += chunk.length
    if (this.batchBytes >= MOST_WAITING_BYTES) this.stream.pause()
    if (this.batchBytes >= BATCH_BYTES) this.wake?.()
  }

  private readonly over = (): void => {
    this.isOver = true
    this.wake?.()
  }

  private readonly lost = (cause: unknown): void => {
    const { partIndex } = this
    this.end(cause instanceof DomainError ? cause : new DomainError('upload_connection_lost', { partIndex, cause }))
  }

  private readonly closed = (): void => {
    if (!this.isOver) this.lost(new Error('closed before its end'))
  }
}
