import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'

const HERE = import.meta.dirname
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0
if (!hasAnalyze) console.warn('systemd-analyze is absent (Debian: apt-get install systemd): units are not checked')

it.skipIf(!hasAnalyze)('the service is understood by systemd and closed as far as a GPU allows', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-unit-'))
  const file = path.join(folder, 'cryomamba.service')
  const program = path.join(folder, 'cryomamba')
  copyFileSync('/bin/true', program)
  writeFileSync(
    file,
    readFileSync(path.join(HERE, 'cryomamba.service'), 'utf8').replace('/usr/local/bin/cryomamba', program),
  )
  const analyze = (args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    return { status, text: `${stdout}${stderr}` }
  }
  expect(analyze(['verify', '--man=no', file])).toEqual({ status: 0, text: '' })
  // 10 is open, 0 is closed; systemd calls up to 2.4 "OK".
  const { text } = analyze(['security', '--offline=true', '--no-pager', file])
  const exposure = Number(/exposure level for cryomamba\.service: ([\d.]+)/.exec(text)?.[1])
  expect(exposure).toBeLessThan(2.5)
  rmSync(folder, { recursive: true })
})
