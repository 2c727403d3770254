import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const HERE = import.meta.dirname
const UNITS = ['cryomamba.service', 'cryomamba-cards.service', 'cryomamba-backup.service', 'cryomamba-backup.timer']
const DOCS = path.resolve(HERE, '../../docs')
const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0
if (!hasAnalyze) console.warn('systemd-analyze is absent (Debian: apt-get install systemd): units are not checked')

const read = (name: string) => readFileSync(path.join(HERE, name), 'utf8')

/** Values of a key, in the order of the file. */
const valuesOf = (name: string, key: string) =>
  [...read(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value)

describe.skipIf(!hasAnalyze)('systemd', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-unit-'))
    const program = path.join(folder, 'cryomamba')
    copyFileSync('/bin/true', program)
    for (const name of UNITS)
      writeFileSync(path.join(folder, name), read(name).replace('/usr/local/bin/cryomamba', program))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const analyze = (args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    return { status, text: `${stdout}${stderr}` }
  }

  it.each(UNITS)('understands %s', (name) => {
    expect(analyze(['verify', '--man=no', path.join(folder, name)])).toEqual({ status: 0, text: '' })
  })

  it('finds what is wrong with a unit that is', () => {
    writeFileSync(path.join(folder, 'wrong.timer'), read('cryomamba-backup.timer').replace('02:30', '25:30'))
    expect(analyze(['verify', '--man=no', path.join(folder, 'wrong.timer')]).text).toContain(
      'Failed to parse calendar specification',
    )
  })

  it.each([
    ['cryomamba.service', 2.5],
    ['cryomamba-backup.service', 1.5],
  ])('calls %s closed as far as its work allows', (name, most) => {
    // 10 is open, 0 is closed.
    const { text } = analyze(['security', '--offline=true', '--no-pager', path.join(folder, name)])
    const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(text)?.[1])
    expect(exposure).toBeLessThan(most)
  })
})

describe('the devices of cards', () => {
  it('are made before the server starts, by a unit that the documentation installs', () => {
    for (const key of ['After', 'Wants'])
      expect(valuesOf('cryomamba.service', key)[0].split(' ')).toContain('cryomamba-cards.service')
    const page = readFileSync(path.join(DOCS, 'server.md'), 'utf8')
    expect(page).toContain('$P/build/systemd/cryomamba.service $P/build/systemd/cryomamba-cards.service')
  })
})

describe('the nightly backup', () => {
  it('is of the database that the server has, by the same user with the same settings', () => {
    for (const key of ['User', 'Group', 'EnvironmentFile'])
      expect(valuesOf('cryomamba-backup.service', key)).toEqual(valuesOf('cryomamba.service', key))
    const [environment] = valuesOf('cryomamba-backup.service', 'Environment')
    expect(valuesOf('cryomamba.service', 'Environment')[0].split(' ')).toContain(environment)
    expect(valuesOf('cryomamba-backup.service', 'ConditionPathExists')).toEqual([
      `${environment.split('=')[1]}/cryomamba.sqlite`,
    ])
  })

  it('may write where it writes to, which is a folder that the documentation makes for that user', () => {
    const [command] = valuesOf('cryomamba-backup.service', 'ExecStart')
    const target = /--out (\S+)\/ /.exec(command)?.[1] as string
    expect(valuesOf('cryomamba-backup.service', 'ReadWritePaths')[0].split(' ')).toContain(target)
    const made = new RegExp(`install -d -o cryomamba -g cryomamba -m 0?700 ${target}\\b`)
    expect(readFileSync(path.join(DOCS, 'database.md'), 'utf8')).toMatch(made)
  })

  it('has a timer that starts once a day and makes up what was missed', () => {
    expect(valuesOf('cryomamba-backup.timer', 'Persistent')).toEqual(['true'])
    expect(valuesOf('cryomamba-backup.timer', 'OnCalendar')).toEqual(['*-*-* 02:30'])
  })
})
