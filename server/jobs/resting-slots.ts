/** First pause of a slot whose device cannot be used, and the longest. */
const FIRST_REST_MS = 30_000
const MOST_REST_MS = 600_000

interface Rest {
  untilMs: number
  times: number
}

/**
 * Slots whose device could not be used, which take no job for a while: each time twice as long, until a job works.
 * Whether the device or the job's network is at fault shows on a second slot, so a job is tried on two.
 */
export class RestingSlots {
  private readonly rests = new Map<string, Rest>()
  /** Of each job the slot that could not run it. */
  private readonly triedOn = new Map<string, string>()
  private readonly slots: readonly string[]
  private readonly nowMs: () => number

  constructor(slots: readonly string[], nowMs: () => number = Date.now) {
    this.slots = slots
    this.nowMs = nowMs
  }

  /** Jobs that one slot could not run and that another is to try. */
  get jobs(): string[] {
    return [...this.triedOn.keys()]
  }

  isResting(slot: string): boolean {
    return (this.rests.get(slot)?.untilMs ?? 0) > this.nowMs()
  }

  /**
   * A slot's device could not run a job.
   * @returns how long the slot rests while the job goes to another one; null where the job is to fail
   */
  failed(slot: string, jobId: string): number | null {
    const first = this.triedOn.get(jobId)
    if (first !== undefined && first !== slot) {
      this.forget(jobId)
      // It is likely the network: the slot that rests because of it may go on.
      this.rests.delete(first)
      return null
    }
    if (!this.slots.some((other) => other !== slot && !this.isResting(other))) {
      this.forget(jobId)
      return null
    }
    this.triedOn.set(jobId, slot)
    const times = (this.rests.get(slot)?.times ?? 0) + 1
    const restMs = Math.min(MOST_REST_MS, FIRST_REST_MS * 2 ** (times - 1))
    this.rests.set(slot, { untilMs: this.nowMs() + restMs, times })
    return restMs
  }

  /** A job was run to its end. */
  worked(slot: string): void {
    this.rests.delete(slot)
  }

  /** The job is over, whichever way. */
  forget(jobId: string): void {
    this.triedOn.delete(jobId)
  }
}
