/** Numbers as people read them. Pure. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `12.3 MB`, decimal units. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${BYTE_UNITS[power]}`
}

/** `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** At most five significant digits, without needless zeros; very small and very large numbers with an exponent. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return 'not a number'
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value)
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : String(Number(value.toPrecision(5)))
}

/** What is being done while a file is opened: packed ones are streamed into a plain one first. */
export function openingText(name: string): string {
  return /\.(gz|bz2)$/i.test(name) ? `Unpacking ${name}…` : `Opening ${name}…`
}

/** Whole numbers with thin spaces between thousands. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')
}

/** `42 %`, `<0.1 %`. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0) return '0 %'
  if (percent < 0.1) return '<0.1 %'
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`
}

/** `14:05` of today, else with the day before it; empty where the time is not known. */
export function formatMoment(iso: string, now = new Date()): string {
  const moment = new Date(iso)
  if (Number.isNaN(moment.getTime())) return ''
  const time = moment.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  if (moment.toDateString() === now.toDateString()) return time
  const year = moment.getFullYear() === now.getFullYear() ? undefined : 'numeric'
  return `${moment.toLocaleDateString([], { day: 'numeric', month: 'short', year })}, ${time}`
}
