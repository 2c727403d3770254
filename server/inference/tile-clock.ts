import type { RunProgress } from './messages.ts'

/** Turns finished tiles into speed and time left: tiles over the time since the first tile began. */
export class TileClock {
  private done = 0
  private readonly startMs: number
  private readonly total: number
  private readonly doneBefore: number
  private readonly now: () => number

  /** @param doneBefore tiles of an earlier attempt: they count as done, but not for the speed */
  constructor(total: number, doneBefore = 0, now: () => number = () => performance.now()) {
    this.total = total
    this.doneBefore = doneBefore
    this.now = now
    this.startMs = now()
  }

  tileDone(): RunProgress {
    this.done++
    return this.progress()
  }

  progress(): RunProgress {
    const seconds = (this.now() - this.startMs) / 1000
    const tilesPerSecond = this.done > 0 && seconds > 0 ? this.done / seconds : null
    const tilesDone = this.doneBefore + this.done
    const secondsLeft = tilesPerSecond === null ? null : (this.total - tilesDone) / tilesPerSecond
    return { tilesDone, tilesTotal: this.total, tilesPerSecond, secondsLeft }
  }
}
