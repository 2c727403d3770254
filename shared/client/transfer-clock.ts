import type { UploadProgress } from './api.ts'

/** Progress is told at most this often. */
const TELL_INTERVAL_MS = 100

/** Speed is measured over this much of the recent past: some parts of several lanes, so that it does not jump. */
const WINDOW_MS = 10_000

/** Marks are set at most this often. */
const MARK_MS = 200

/** Counts bytes of a transfer and tells speed and time left. */
export class TransferClock {
  private current: UploadProgress['phase'] = 'hashing'
  private doneBytes = 0
  private isRetrying = false
  private isPaused = false
  private toldMs = Number.NEGATIVE_INFINITY
  private marks: { ms: number; bytes: number }[] = []
  private readonly totalBytes: number
  private readonly tell: (progress: UploadProgress) => void
  private readonly now: () => number

  constructor(
    totalBytes: number,
    tell: (progress: UploadProgress) => void = () => undefined,
    now: () => number = () => performance.now(),
  ) {
    this.totalBytes = totalBytes
    this.tell = tell
    this.now = now
  }

  /** Begins a phase; bytes count from zero again while sending. */
  phase(phase: UploadProgress['phase']): void {
    this.isRetrying = false
    this.current = phase
    this.doneBytes = phase === 'verifying' || phase === 'done' ? this.totalBytes : 0
    this.marks = [{ ms: this.now(), bytes: this.doneBytes }]
    this.report(true)
  }

  /** Bytes that need not be sent: they count as done, not as speed. */
  skip(bytes: number): void {
    this.doneBytes += bytes
    this.marks = [{ ms: this.now(), bytes: this.doneBytes }]
    this.report(true)
  }

  /** Bytes that did not arrive and are sent again. */
  undo(bytes: number): void {
    this.doneBytes -= bytes
    this.marks = this.marks.map((mark) => ({ ms: mark.ms, bytes: mark.bytes - bytes }))
    this.report(true)
  }

  /** Paused or going again. */
  paused(isPaused: boolean): void {
    this.isPaused = isPaused
    this.marks = [{ ms: this.now(), bytes: this.doneBytes }]
    this.report(true)
  }

  /** The server does not answer; what is done stays done. */
  retrying(): void {
    this.isRetrying = true
    this.report(true)
  }

  add(bytes: number): void {
    this.doneBytes += bytes
    this.isRetrying = false
    const ms = this.now()
    const last = this.marks[this.marks.length - 1]
    if (this.marks.length > 1 && ms - last.ms < MARK_MS) last.bytes = this.doneBytes
    else this.marks.push({ ms, bytes: this.doneBytes })
    while (this.marks.length > 2 && ms - this.marks[0].ms > WINDOW_MS) this.marks.shift()
    this.report(this.doneBytes >= this.totalBytes)
  }

  private report(isDue: boolean): void {
    const ms = this.now()
    if (!isDue && ms - this.toldMs < TELL_INTERVAL_MS) return
    this.toldMs = ms
    const [first] = this.marks
    const seconds = (ms - first.ms) / 1000
    const bytesPerSecond = seconds > 0 && this.doneBytes > first.bytes ? (this.doneBytes - first.bytes) / seconds : null
    const secondsLeft = bytesPerSecond === null ? null : (this.totalBytes - this.doneBytes) / bytesPerSecond
    this.tell({
      phase: this.current,
      sentBytes: this.doneBytes,
      totalBytes: this.totalBytes,
      bytesPerSecond,
      secondsLeft,
      isRetrying: this.isRetrying,
      isPaused: this.isPaused,
    })
  }
}
