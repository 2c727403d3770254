import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CrashReports } from './crash-reports.ts'
import { withoutSecrets } from './without-secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-crash-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const reportsIn = (): string[] => readdirSync(folder).filter((name) => name.startsWith('crash-'))
const open = (): CrashReports =>
  new CrashReports(folder, { version: '1.2.3', lines: () => ['a line'], clean: (text) => withoutSecrets(text) })

describe('crash reports', () => {
  it('tell of a start that never ended, once', () => {
    open().begin()
    const next = open()
    expect(next.newest).toBeNull()
    next.begin()
    expect(next.newest?.what).toBe('the program ended without closing')
    next.seen()
    next.end()
    const last = open()
    last.begin()
    expect(last.newest).toBeNull()
    expect(reportsIn()).toHaveLength(1)
  })

  it('say what happened, without paths and tokens', () => {
    const reports = open()
    reports.record('the window stopped', 'Error: /home/ada/tomo.mrc\n  token=cm_0123456789abcdef')
    const text = readFileSync(path.join(folder, reportsIn()[0]), 'utf8')
    expect(text).toContain('1.2.3')
    expect(text).toContain('a line')
    expect(text).not.toMatch(/ada|tomo|0123456789/)
    expect(open().newest?.what).toBe('the window stopped')
  })

  it('are never more than twenty', () => {
    const reports = open()
    for (let i = 0; i < 25; i++) {
      reports.record(`crash ${i}`, '')
      const until = Date.now() + 2
      while (Date.now() < until); // a name is a time in milliseconds
    }
    expect(reportsIn()).toHaveLength(20)
  })
})
