import type { UploadProgress } from '../../shared/client/api.ts'
import type { JobMemory, JobProgress } from '../../shared/contract/jobs.ts'
import type { CommandIo } from './command.ts'

/** Cells of a progress bar. */
const BAR_CELLS = 24

/** Plain lines, where there is no terminal, come at most this often. */
const LINE_INTERVAL_MS = 2_000

/** Shows progress as a bar on a terminal and as now and then a line elsewhere. */
export class ProgressReport {
  private lineMs = Number.NEGATIVE_INFINITY
  private lastPhase = ''
  private tilesShare = 0
  private readonly io: CommandIo

  constructor(io: CommandIo) {
    this.io = io
  }

  upload(progress: UploadProgress): void {
    if (progress.isRetrying) {
      const share = progress.totalBytes > 0 ? progress.sentBytes / progress.totalBytes : 0
      return this.show('Waiting', share, 'the server does not answer; trying again')
    }
    const names = { hashing: 'Reading', sending: 'Uploading', verifying: 'Verifying', done: 'Uploaded' } as const
    const speed = progress.bytesPerSecond === null ? '' : `, ${formatBytes(progress.bytesPerSecond)}/s`
    const detail = `${formatBytes(progress.sentBytes)} of ${formatBytes(progress.totalBytes)}${speed}${timeLeft(progress.secondsLeft)}`
    this.show(names[progress.phase], progress.totalBytes > 0 ? progress.sentBytes / progress.totalBytes : 1, detail)
  }

  tiles(progress: JobProgress, previews: number): void {
    if (progress.queue_position !== null) {
      const reason = progress.waits_for === 'memory' ? ', waits for memory' : ''
      return this.show('Queued', 0, `position ${progress.queue_position}${reason}`)
    }
    const speed = progress.tiles_per_second === null ? '' : `, ${progress.tiles_per_second.toFixed(2)} tiles/s`
    const shown = previews === 0 ? '' : `, ${previews} previews`
    const detail = `${progress.tiles_done} of ${progress.tiles_total} tiles${speed}${timeLeft(progress.seconds_left)}${shown}`
    this.tilesShare = progress.tiles_total > 0 ? progress.tiles_done / progress.tiles_total : 0
    this.show('Segmenting', this.tilesShare, detail)
  }

  /** Somebody else put the job aside: nothing more is told of it until they resume it. */
  paused(jobId: string): void {
    const how = `in the window or with POST /v1/jobs/${jobId}/resume`
    this.show('Paused', this.tilesShare, `the job goes on once it is resumed, ${how}`)
  }

  /** What the job will hold, once, before it begins. */
  memory({
    total_bytes: total,
    ring_bytes: ring,
    stream_axis: axis,
    network_bytes: network,
    network_is_estimate: isEstimate,
  }: JobMemory): void {
    const about = isEstimate ? 'about ' : ''
    const guess = isEstimate ? `, ${formatBytes(network)} for the network, which is a guess until it has run` : ''
    this.io.line(`Memory: ${about}${formatBytes(total)}, of it ${formatBytes(ring)} for planes along ${axis}${guess}`)
  }

  /** Ends the bar, so that the next line begins on its own. */
  end(): void {
    this.io.progress('')
  }

  private show(phase: string, share: number, detail: string): void {
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    if (this.io.isTerminal) {
      const full = Math.round(share * BAR_CELLS)
      return this.io.progress(
        `${phase.padEnd(10)} ${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent}  ${detail}`,
      )
    }
    const nowMs = performance.now()
    if (phase === this.lastPhase && share < 1 && nowMs - this.lineMs < LINE_INTERVAL_MS) return
    this.lastPhase = phase
    this.lineMs = nowMs
    this.io.line(`${phase} ${percent.trim()}: ${detail}`)
  }
}

function timeLeft(seconds: number | null): string {
  return seconds === null ? '' : `, ${formatSeconds(seconds)} left`
}

/** `3.2 MB`: decimal units, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
