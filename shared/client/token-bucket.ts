import { pause } from './backoff.ts'

/** The bucket holds this much of the limit, so that short pauses are made up for and nothing else. */
const BURST_SECONDS = 0.25

/** Holds bytes back so that no more than a number of them a second pass; the limit may change at any time. */
export class TokenBucket {
  private bytesPerSecond: number | null
  private availableBytes = 0
  private filledMs: number
  private readonly now: () => number

  /** @param bytesPerSecond null for no limit */
  constructor(bytesPerSecond: number | null, now: () => number = () => performance.now()) {
    this.bytesPerSecond = bytesPerSecond
    this.now = now
    this.filledMs = now()
  }

  setLimit(bytesPerSecond: number | null): void {
    this.fill()
    this.bytesPerSecond = bytesPerSecond
  }

  /** Bytes to ask for at once, so that a wait stays short whatever the limit. */
  sliceBytes(most: number): number {
    if (this.bytesPerSecond === null) return most
    return Math.max(1024, Math.min(most, Math.floor(this.bytesPerSecond / 16)))
  }

  /** Waits until these bytes may pass. Those that asked first go first. @throws {DomainError} `canceled` */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === null) return
    this.fill()
    this.availableBytes -= bytes
    const waitMs = this.debtMs()
    if (waitMs > 0) await pause(waitMs, signal)
  }

  /** Until what was given away in advance has come in. */
  private debtMs(): number {
    if (this.bytesPerSecond === null || this.availableBytes >= 0) return 0
    return (-this.availableBytes / this.bytesPerSecond) * 1000
  }

  private fill(): void {
    const nowMs = this.now()
    if (this.bytesPerSecond !== null) {
      const gained = ((nowMs - this.filledMs) / 1000) * this.bytesPerSecond
      this.availableBytes = Math.min(this.bytesPerSecond * BURST_SECONDS, this.availableBytes + gained)
    }
    this.filledMs = nowMs
  }
}
