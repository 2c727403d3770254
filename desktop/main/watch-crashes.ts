import { app, crashReporter } from 'electron'
import type { CrashReports } from './crash-reports.ts'
import type { LogLines } from './log-lines.ts'

// A window that stops again so soon after it was loaded anew would stop for ever.
const MIN_RELOAD_INTERVAL_MS = 30_000

/** Keeps Chromium's own dumps of crashed processes on this computer. Before the app is ready. */
export function keepDumps(): void {
  crashReporter.start({ uploadToServer: false, submitURL: '' })
}

/** Records whatever process ends by itself, and loads a window that stopped again: never a white window. */
export function watchCrashes(reports: CrashReports, log: LogLines): void {
  process.on('uncaughtExceptionMonitor', (error) => reports.record(`main process: ${error.name}`, String(error.stack)))
  process.on('unhandledRejection', (reason) => console.error('unhandled', reason))
  app.on('child-process-gone', (_event, { type, reason, exitCode, serviceName, name }) => {
    log.add('process', `${name ?? serviceName ?? type} ended: ${reason} (${exitCode})`)
    if (reason === 'crashed' || reason === 'oom' || reason === 'integrity-failure')
      reports.record(`${name ?? type}: ${reason}`, `code ${exitCode}`)
  })
  let reloadedMs = -MIN_RELOAD_INTERVAL_MS
  app.on('render-process-gone', (_event, contents, { reason, exitCode }) => {
    if (reason === 'clean-exit') return
    reports.record(`window: ${reason}`, `code ${exitCode}`)
    if (performance.now() - reloadedMs < MIN_RELOAD_INTERVAL_MS || contents.isDestroyed()) return
    reloadedMs = performance.now()
    contents.reload()
  })
  app.on('web-contents-created', (_event, contents) => {
    contents.on('console-message', (_details, level, message) => {
      if (Number(level) >= 2) log.add('window', message) // warnings and errors
    })
  })
}
