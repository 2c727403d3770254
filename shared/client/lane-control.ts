/** Most parts in flight where nobody chose a number: more connections gain nothing and cost the server memory. */
export const MOST_LANES = 8

/** Parts in flight at the start. */
const FIRST_LANES = 4

/** A round is at least this long, so that one slow part is not taken for the line. */
const ROUND_MS = 2_000

/** Another number of lanes is kept only where it is at least this much faster. */
const GAIN = 1.1

/** Rounds without a change after one that did not pay, and after a failure. */
const CALM_ROUNDS = 6

/**
 * How many parts to send at once. Each round of parts is measured; now and then one lane more or less is tried, and kept
 * where it is faster. A failure halves the number at once. Always between 1 and the most that is allowed.
 */
export class LaneControl {
  private current: number
  private former: { lanes: number; speed: number } | null = null
  private calmRounds = 0
  private nextStep = 1
  private round: { startMs: number; bytes: number; parts: number } | null = null
  private readonly most: number

  /** @param chosen Number of parts that the user wants at once; it is the first and the most. */
  constructor(chosen?: number) {
    this.most = chosen ?? MOST_LANES
    this.current = chosen ?? FIRST_LANES
  }

  get lanes(): number {
    return this.current
  }

  /** A part got through. */
  partDone(bytes: number, nowMs: number): void {
    this.round ??= { startMs: nowMs, bytes: 0, parts: 0 }
    const { round } = this
    if (nowMs > round.startMs) round.bytes += bytes
    round.parts++
    if (round.parts <= 2 * this.current || nowMs - round.startMs < ROUND_MS) return
    this.roundDone(round.bytes / (nowMs - round.startMs))
    this.round = { startMs: nowMs, bytes: 0, parts: 0 }
  }

  /** A part did not get through. */
  failed(): void {
    this.current = Math.max(1, Math.floor(this.current / 2))
    this.former = null
    this.round = null
    this.calmRounds = CALM_ROUNDS
    this.nextStep = 1
  }

  private roundDone(speed: number): void {
    const { former } = this
    if (former && former.lanes !== this.current && speed < former.speed * GAIN) {
      this.nextStep = former.lanes - this.current
      this.current = former.lanes
      this.former = null
      this.calmRounds = CALM_ROUNDS
      return
    }
    if (this.calmRounds-- > 0) return
    this.former = { lanes: this.current, speed }
    const next = this.current + this.nextStep
    if (next >= 1 && next <= this.most) this.current = next
    else this.nextStep = -this.nextStep
  }
}
