import os from 'node:os'
import { app } from 'electron'
import type { Connection } from '../../shared/contract/bridge.ts'
import type { Diagnostics } from '../../shared/contract/preferences.ts'

const PROCESS_NAMES: Readonly<Record<string, string>> = { Browser: 'CryoMamba', Tab: 'Window', GPU: 'Graphics' }

export interface DiagnosticsNeeds {
  connection: () => Connection | null
  lines: () => readonly string[]
  /** Takes secrets and paths out of a text. */
  clean: (text: string) => string
}

/** The program as it is now: versions, what it is connected to, its processes, the last lines of its log. */
export function readDiagnostics({ connection, lines, clean }: DiagnosticsNeeds): Diagnostics {
  const { electron, chrome, node } = process.versions
  return {
    versions: [
      { name: 'CryoMamba', version: app.getVersion() },
      { name: 'Electron', version: electron },
      { name: 'Chromium', version: chrome },
      { name: 'Node', version: node },
      { name: 'System', version: `${os.type()} ${os.release()} ${process.arch}` },
      { name: 'Memory', version: `${Math.round(os.totalmem() / 2 ** 20)} MiB, ${os.cpus().length} processors` },
    ],
    connection: clean(inWords(connection())),
    processes: app.getAppMetrics().map((one) => ({
      name: one.name ?? PROCESS_NAMES[one.type] ?? one.type,
      pid: one.pid,
      memory_mib: Math.round(one.memory.workingSetSize / 1024),
      cpu_percent: Math.round(one.cpu.percentCPUUsage * 10) / 10,
    })),
    log: lines().map(clean),
  }
}

function inWords(connection: Connection | null): string {
  if (!connection) return 'none'
  const { kind, url, info, models } = connection
  const place = kind === 'local' ? 'this computer' : `server ${new URL(url).host}`
  return `${place}, version ${info.version}, ${models.length} models`
}

/** The same as plain text, for a report of a problem. */
export function reportText({ versions, connection, processes, log }: Diagnostics): string {
  return [
    ...versions.map(({ name, version }) => `${name}: ${version}`),
    `Connection: ${connection}`,
    '',
    'Processes:',
    ...processes.map(({ name, pid, memory_mib, cpu_percent }) => `${pid} ${name}: ${memory_mib} MiB, ${cpu_percent} %`),
    '',
    'Log:',
    ...log,
    '',
  ].join('\n')
}
