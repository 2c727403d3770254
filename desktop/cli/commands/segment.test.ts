import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { int16Bytes, mrcBytes } from '../../../build/test-support/mrc-bytes.ts'
import { problemOfCommand } from '../../test/run-command.ts'
import { segmentCommand } from './segment.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-segment-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string) => path.join(folder, name)
const BYTES = mrcBytes({ body: int16Bytes(Array.from({ length: 105 }, (_, i) => i)) })
/** A server that nothing is sent to: what is not refused before ends with `server_unreachable`. */
const NO_SERVER = ['--server', 'http://127.0.0.1:1', '--token', 'x']
const problem = (...args: string[]) => problemOfCommand(segmentCommand, [...args, ...NO_SERVER])

beforeAll(() => {
  for (const name of ['in.mrc', 'second.mrc', 'mask.mrc.partial']) writeFileSync(at(name), BYTES)
  symlinkSync(at('in.mrc'), at('link.mrc'))
  linkSync(at('in.mrc'), at('hard-link.mrc'))
  mkdirSync(at('real'))
  symlinkSync(at('real'), at('linked'))
})

describe('segment, before anything runs', () => {
  it.each([
    ['the input', ['in.mrc', '--out', 'in.mrc']],
    ['the input, spelled otherwise', ['in.mrc', '--out', 'real/../in.mrc']],
    ['a link to the input', ['in.mrc', '--out', 'link.mrc']],
    ['the file that the input links to', ['link.mrc', '--out', 'in.mrc']],
    ['another name of the input', ['in.mrc', '--out', 'hard-link.mrc']],
    ['the second of the inputs', ['in.mrc', 'second.mrc', '--out', 'second.mrc']],
    ['the input, as probability', ['in.mrc', '--out', 'mask.mrc', '--probability', 'in.mrc']],
    ['the input, as candidate', ['in.mrc', '--out', 'mask.mrc', '--candidate', 'link.mrc']],
    ['written by way of the input', ['mask.mrc.partial', '--out', 'mask.mrc']],
  ])('refuses an output that is %s', async (_, args) => {
    const found = await problem(...args.map((word) => (word.startsWith('--') ? word : `${folder}/${word}`)))
    expect(found).toMatch(/^usage: .*(are the same file|has the name of)/)
    expect(readFileSync(at('in.mrc'))).toEqual(Buffer.from(BYTES))
  })

  it.each([
    [['--out', 'a.mrc', '--probability', 'a.mrc']],
    [['--out', 'a.mrc', '--probability', 'b.mrc', '--candidate', 'b.mrc']],
    [['--out', 'real/a.mrc', '--candidate', 'linked/a.mrc']],
  ])('refuses two outputs with one path: %j', async (args) => {
    const words = args.map((word) => (word.startsWith('--') ? word : at(word)))
    expect(await problem(at('in.mrc'), ...words)).toMatch(/^usage: .*are the same file/)
  })

  it.each([
    ['a folder', 'folder.mrc'],
    ['below a file', 'second.mrc/mask.mrc'],
    ['in a folder that is not there', 'gone/mask.mrc'],
    ['in a folder where no file can be made', '/proc/self/mask.mrc'],
    ['longer than names may be', `${'m'.repeat(240)}.mrc`],
  ])('refuses an output that is %s', async (_, name) => {
    mkdirSync(at('folder.mrc'), { recursive: true })
    const out = path.resolve(folder, name)
    expect(await problem(at('in.mrc'), '--out', out)).toMatch(/^file_unwritable/)
    expect(await problem(at('in.mrc'), '--out', at('mask.mrc'), '--probability', out)).toMatch(/^file_unwritable/)
  })

  it('takes outputs that lie beside the input', async () => {
    const words = ['--out', at('mask.mrc'), '--probability', at('p.mrc'), '--candidate', at('c.mrc')]
    expect(await problem(at('in.mrc'), ...words)).toMatch(/^server_unreachable/)
    expect(readdirSync(folder).filter((name) => /^(mask|p|c)\.mrc(\.[0-9a-f]+\.partial)?$/.test(name))).toEqual([])
  })
})
