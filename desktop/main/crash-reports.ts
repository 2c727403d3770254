import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Type } from 'typebox'
import { CrashNotice } from '../../shared/contract/preferences.ts'
import { StoredFile } from './stored-file.ts'

const MAX_REPORTS = 20
const Stored = Type.Union([CrashNotice, Type.Null()])

export interface CrashFacts {
  version: string
  /** The last lines of the log, without secrets. */
  lines: () => readonly string[]
  clean: (text: string) => string
}

/**
 * Reports of crashes: text files on this computer, sent to nobody. The newest is told of until it was looked at.
 * A start that never came to its end is known by a file that is there while the program runs.
 */
export class CrashReports {
  readonly folder: string
  private readonly facts: CrashFacts
  private readonly unseen: StoredFile<typeof Stored>
  private readonly runningFile: string

  constructor(folder: string, facts: CrashFacts) {
    this.folder = folder
    this.facts = facts
    this.unseen = new StoredFile(path.join(folder, 'unseen.json'), Stored, null)
    this.runningFile = path.join(folder, 'running')
    mkdirSync(folder, { recursive: true })
  }

  get newest(): CrashNotice | null {
    return this.unseen.value
  }

  /** Notes that the program runs; if the last start never ended, that is a crash. */
  begin(): void {
    if (existsSync(this.runningFile)) this.record('the program ended without closing', '')
    writeFileSync(this.runningFile, `${process.pid}\n`)
  }

  /** The program closes as it should. */
  end(): void {
    rmSync(this.runningFile, { force: true })
  }

  seen(): void {
    this.unseen.save(null)
  }

  /** Writes a report. Never throws: a full disk must not make a crash worse. */
  record(what: string, detail: string): void {
    const when = new Date().toISOString()
    const { version, lines, clean } = this.facts
    const text = [
      'CryoMamba crash report. It stays on this computer unless you send it to somebody.',
      `when      ${when}`,
      `what      ${clean(what)}`,
      `version   ${version}`,
      `platform  ${process.platform} ${process.arch}, Electron ${process.versions.electron}, ${process.getSystemVersion?.() ?? ''}`,
      '',
      clean(detail),
      '',
      'Last lines of the log:',
      ...lines(),
      '',
    ].join('\n')
    try {
      writeFileSync(path.join(this.folder, `crash-${when.replaceAll(':', '-')}.txt`), text, { mode: 0o600 })
      this.unseen.save({ when, what: clean(what) })
      this.forgetOld()
    } catch {
      // the log has it all the same
    }
  }

  private forgetOld(): void {
    const reports = readdirSync(this.folder)
      .filter((name) => name.startsWith('crash-'))
      .toSorted()
    for (const name of reports.slice(0, -MAX_REPORTS)) rmSync(path.join(this.folder, name), { force: true })
  }
}
