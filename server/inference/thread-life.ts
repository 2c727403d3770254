/**
 * Longest that a thread may wait for a disk and do nothing itself. A read is of megabytes and a sync of a whole mask, which
 * slow network drives take minutes for.
 */
export const MOST_IDLE_MS = 10 * 60_000

/** Less than this is the clock's own jitter. */
const LEAST_WORK_MS = 1

/** Whether a thread that streams a volume still gets on: it has worked lately, or waits for the network. */
export class ThreadLife {
  private workMs = 0
  private lastSignMs: number
  private numAsked = 0
  private readonly workedMs: () => number
  private readonly nowMs: () => number

  /** @param workedMs time for which the thread has worked since its start; it stands still while the thread waits */
  constructor(workedMs: () => number, nowMs: () => number = () => performance.now()) {
    this.workedMs = workedMs
    this.nowMs = nowMs
    this.lastSignMs = nowMs()
  }

  /** The thread asks for something and waits, for however long that takes. */
  async whileItWaits(answer: () => Promise<void>): Promise<void> {
    this.numAsked++
    try {
      await answer()
    } finally {
      this.numAsked--
      this.lastSignMs = this.nowMs()
    }
  }

  isAlive(): boolean {
    const workMs = this.workedMs()
    if (this.numAsked > 0 || workMs - this.workMs > LEAST_WORK_MS) this.lastSignMs = this.nowMs()
    this.workMs = workMs
    return this.nowMs() - this.lastSignMs <= MOST_IDLE_MS
  }
}
