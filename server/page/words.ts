import type { JobStatus } from '../../shared/contract/operation.ts'

/** Numbers and states as the page writes them. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function bytes(value: number | null): string {
  if (value === null) return '–'
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10))
  const scaled = value / 1024 ** power
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${UNITS[power]}`
}

/** E.g. `2 h 5 min`. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return '–'
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.round(minutes / 1440)} days`
}

export function percent(value: number | null): string {
  return value === null ? '–' : `${Math.round(value)} %`
}

/** Time between two moments, in seconds. @param from ISO 8601 */
export function secondsBetween(from: string, until: string): number {
  return (Date.parse(until) - Date.parse(from)) / 1000
}

/** How an unfinished job stands. */
export function jobState({ state, device, attempt, progress }: JobStatus): string {
  const again = attempt > 1 ? `, attempt ${attempt}` : ''
  if (state === 'paused') return `paused by its user${again}`
  if (state !== 'queued') return `${state} on ${device ?? '–'}${again}`
  const reason = progress.waits_for === 'memory' ? ', waits for memory' : ''
  return `queued${progress.queue_position ? ` (${progress.queue_position}${reason})` : ''}${again}`
}
