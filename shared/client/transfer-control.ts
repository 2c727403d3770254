import { DomainError } from '../errors/domain-error.ts'
import { TokenBucket } from './token-bucket.ts'

/** Pause, resume, cancel and limit of one upload, from outside. States: going ⇄ paused → canceled. */
export class TransferControl {
  readonly bucket: TokenBucket
  private readonly canceling = new AbortController()
  private pausing = new AbortController()
  private wake: (() => void) | null = null

  /** @param bytesPerSecond null for no limit */
  constructor(bytesPerSecond: number | null = null) {
    this.bucket = new TokenBucket(bytesPerSecond)
  }

  get isPaused(): boolean {
    return this.pausing.signal.aborted
  }

  /** Aborted while paused: parts in flight end at once, so that the line is free; they are sent again later. */
  get pauseSignal(): AbortSignal {
    return this.pausing.signal
  }

  /** Aborted for good; the server's part of the upload is then deleted. */
  get cancelSignal(): AbortSignal {
    return this.canceling.signal
  }

  pause(): void {
    this.pausing.abort()
  }

  resume(): void {
    if (!this.isPaused) return
    this.pausing = new AbortController()
    this.wake?.()
  }

  /** Ends the upload with `canceled`; what the server received is deleted. */
  cancel(): void {
    this.canceling.abort()
  }

  setLimit(bytesPerSecond: number | null): void {
    this.bucket.setLimit(bytesPerSecond)
  }

  /** Resolves when not paused. @throws {DomainError} `canceled` */
  async going(signal: AbortSignal): Promise<void> {
    while (this.isPaused) {
      if (signal.aborted) throw new DomainError('canceled')
      await new Promise<void>((resolve) => {
        this.wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}
