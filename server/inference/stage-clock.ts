/** What the thread that streams a volume is doing. `network`: waiting for it. */
export type Stage = 'measure' | 'read' | 'cut' | 'network' | 'blend' | 'decode' | 'save' | 'artifacts'

/** Seconds that each stage of a run took in the thread that streams the volume. */
export class StageClock {
  private readonly seconds = new Map<Stage, number>()

  /** Does the work and counts its time; nested stages count in both. */
  async time<T>(stage: Stage, work: () => T | Promise<T>): Promise<T> {
    const startMs = performance.now()
    try {
      return await work()
    } finally {
      this.seconds.set(stage, (this.seconds.get(stage) ?? 0) + (performance.now() - startMs) / 1000)
    }
  }

  result(): Record<string, number> {
    return Object.fromEntries([...this.seconds].map(([stage, seconds]) => [stage, Number(seconds.toFixed(4))]))
  }
}
