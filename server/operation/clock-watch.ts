import { readFile, rename, writeFile } from 'node:fs/promises'

const DAY_MS = 86_400_000

/** Less is the drift of two clocks. */
const LEAST_MS = 60_000

/** After the clock went on alone for a day, nothing is removed for its age until the server has run this long. */
const DOUBT_MS = DAY_MS

export interface ClockWatchNeeds {
  /** Where the time of the last look is kept over starts. */
  file: string
  /** What has an end by the clock gets as much time as it had left. */
  onJump(aheadMs: number): Promise<void>
  onError(error: unknown): void
  log: { warn(facts: object, text: string): void }
  /** Time of day, ms. */
  wallMs?: () => number
  /** Time that this process has lived, ms; no clock sets it. */
  livedMs?: () => number
}

/**
 * Compares the clock with the time that the server lived. The clock goes on alone while no server runs and while the
 * computer sleeps, and it jumps where somebody sets it, or had set it wrong: none of this is time in which a user could
 * have gone on with an upload, or somebody could have seen that the clock is wrong.
 */
export class ClockWatch {
  private readonly needs: ClockWatchNeeds
  private last: { wallMs: number; livedMs: number } | null = null
  private doubtfulUntilMs = Number.NEGATIVE_INFINITY

  constructor(needs: ClockWatchNeeds) {
    this.needs = needs
  }

  /** Whether what is removed for its age may be: not soon after a jump that an operator could still put right. */
  get isSure(): boolean {
    return this.livedMs >= this.doubtfulUntilMs
  }

  /** To be called before anything is removed for its age. @throws what `onJump` met; the next look tells it again */
  async look(): Promise<void> {
    const wallMs = (this.needs.wallMs ?? Date.now)()
    const { livedMs } = this
    const last = this.last ?? { wallMs: await this.recordedMs(), livedMs }
    const aheadMs = wallMs - last.wallMs - (livedMs - last.livedMs)
    if (aheadMs > DAY_MS && Number.isFinite(aheadMs)) {
      this.doubtfulUntilMs = livedMs + DOUBT_MS
      const facts = { hours: Math.round(aheadMs / 3_600_000) }
      this.needs.log.warn(facts, 'the clock went on without the server: nothing is removed for its age for a day')
    }
    if (Math.abs(aheadMs) > LEAST_MS) await this.needs.onJump(aheadMs)
    this.last = { wallMs, livedMs }
    await this.record(wallMs).catch(this.needs.onError)
  }

  private get livedMs(): number {
    return (this.needs.livedMs ?? (() => performance.now()))()
  }

  /** Minus infinity where nothing can be read: whatever is open may have been active a moment ago. */
  private async recordedMs(): Promise<number> {
    const text = await readFile(this.needs.file, 'utf8').catch(() => '')
    const recordedMs = Date.parse(text.trim())
    return Number.isNaN(recordedMs) ? Number.NEGATIVE_INFINITY : recordedMs
  }

  private async record(wallMs: number): Promise<void> {
    const partial = `${this.needs.file}.partial`
    await writeFile(partial, `${new Date(wallMs).toISOString()}\n`)
    await rename(partial, this.needs.file)
  }
}
