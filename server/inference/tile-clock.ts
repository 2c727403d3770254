import type { RunProgress } from './messages.ts'

/** Turns finished tiles into speed and time left: tiles over the time since the first tile began. */
export class TileClock {
  private done = 0
  private readonly startMs: number
  private readonly total: number
  private readonly now: () => number

  constructor(total: number, now: () => number = () => performance.now()) {
    this.total = total
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
    const secondsLeft = tilesPerSecond === null ? null : (this.total - this.done) / tilesPerSecond
    return { tilesDone: this.done, tilesTotal: this.total, tilesPerSecond, secondsLeft }
  }
}
