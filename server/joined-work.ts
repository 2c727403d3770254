interface Kept<T> {
  result: Promise<T>
  /** Null while it goes on. */
  endedMs: number | null
}

/**
 * Work that takes longer than a proxy or a program may wait for: whoever asks for the same while it goes on waits for
 * that, and its result is there for a while afterwards, so that who was cut off gets it with the next try.
 */
export class JoinedWork<T> {
  private readonly works = new Map<string, Kept<T>>()
  private readonly keepMs: number
  private readonly nowMs: () => number

  /** @param keepMs how long a result stands for the work after its end; 0: only who asked before gets it */
  constructor(keepMs = 0, nowMs = () => performance.now()) {
    this.keepMs = keepMs
    this.nowMs = nowMs
  }

  /** @param key of equal works: their results are the same */
  run(key: string, work: () => Promise<T>): Promise<T> {
    this.forgetOld()
    const known = this.works.get(key)
    if (known) return known.result
    const kept: Kept<T> = { result: work(), endedMs: null }
    this.works.set(key, kept)
    kept.result.then(
      () => {
        if (this.keepMs === 0) this.works.delete(key)
        else kept.endedMs = this.nowMs()
      },
      () => this.works.delete(key),
    )
    return kept.result
  }

  private forgetOld(): void {
    const oldestMs = this.nowMs() - this.keepMs
    for (const [key, { endedMs }] of this.works) if (endedMs !== null && endedMs < oldestMs) this.works.delete(key)
  }
}
