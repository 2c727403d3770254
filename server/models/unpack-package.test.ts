import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ZipPart, zipFile } from '../test/zip-file.ts'
import { unpackPackage } from './unpack-package.ts'

const LIMITS = { entries: 16, totalBytes: 8 * 1024 * 1024, ratio: 200 }
const MANIFEST: ZipPart = { name: 'model.json', content: '{"a": 1}' }
const NETWORK: ZipPart = { name: 'model.onnx', content: Buffer.from('network '.repeat(5000)) }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-zip-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function unpack(archive: Uint8Array, limits = LIMITS): Promise<string[]> {
  const file = path.join(folder, 'package.zip')
  await writeFile(file, archive)
  await rm(path.join(folder, 'out'), { recursive: true, force: true })
  await unpackPackage(file, path.join(folder, 'out'), limits)
  return (await readdir(path.join(folder, 'out'))).sort()
}

const content = (name: string) => readFile(path.join(folder, 'out', name), 'utf8')

describe('a package in a zip archive', () => {
  it('is unpacked from its top or from one folder there, packed or stored', async () => {
    const inFolder = [NETWORK, MANIFEST].map((part) => ({ ...part, name: `my model/${part.name}` }))
    const forms = [
      [MANIFEST, NETWORK],
      [MANIFEST, { ...NETWORK, isPacked: false }],
      inFolder,
      [{ name: 'my model/' }, ...inFolder],
      [MANIFEST, NETWORK].map((part) => ({ ...part, isStreamed: true })),
    ]
    for (const parts of forms) {
      expect(await unpack(zipFile(parts))).toEqual(['model.json', 'model.onnx'])
      expect(await content('model.onnx')).toBe(String(NETWORK.content))
    }
  })

  it('may have empty files, a comment, and what macOS adds', async () => {
    const litter = ['__MACOSX/', '__MACOSX/m/._model.json', 'm/.DS_Store'].map((name) => ({ name }))
    const parts = [
      { ...MANIFEST, name: 'm/model.json' },
      { name: 'm/LICENSE' },
      { name: 'm/EMPTY', isPacked: false },
      ...litter,
    ]
    const archive = zipFile(parts, { after: Buffer.from('comment') })
    archive.writeUInt16LE(7, archive.length - 9)
    expect(await unpack(archive)).toEqual(['EMPTY', 'LICENSE', 'model.json'])
    expect(await content('LICENSE')).toBe('')
  })

  it.runIf(existsSync('/usr/bin/zip'))('is read as zip writes it', async () => {
    const at = path.join(folder, 'package')
    await mkdir(at)
    for (const { name, content: bytes } of [MANIFEST, NETWORK]) await writeFile(path.join(at, name), bytes ?? '')
    for (const args of [
      ['-r', 'a.zip', 'package'],
      ['-0', '-r', '-j', 'b.zip', 'package'],
    ]) {
      execFileSync('/usr/bin/zip', ['-q', ...args], { cwd: folder })
      const archive = await readFile(path.join(folder, args.find((word) => word.endsWith('.zip')) ?? ''))
      expect(await unpack(archive)).toEqual(['model.json', 'model.onnx'])
    }
  })
})

const zeros = (bytes: number) => Buffer.alloc(bytes)
const twoOfOne = (): ZipPart[] => [MANIFEST, NETWORK, { ...NETWORK, name: 'again.onnx', headerStart: 46 }]

describe('an archive is refused, and the reason says why, when', () => {
  it.each<[string, ZipPart[] | Buffer, RegExp]>([
    ['a name leads out of it', [MANIFEST, { name: '../evil', content: 'x' }], /leads out/],
    ['a name leads out of it further down', [MANIFEST, { name: 'a/../../evil', content: 'x' }], /leads out/],
    ['a name is absolute', [MANIFEST, { name: '/tmp/evil', content: 'x' }], /absolute/],
    ['a name has a drive', [MANIFEST, { name: 'C:evil', content: 'x' }], /absolute/],
    ['a name has a backslash', [MANIFEST, { name: '..\\evil', content: 'x' }], /backslash/],
    ['a name has a zero byte', [MANIFEST, { name: 'evil\0.onnx', content: 'x' }], /not accepted/],
    ['a name has an empty step', [MANIFEST, { name: 'a//b', content: 'x' }], /not accepted/],
    ['a name is a dot', [MANIFEST, { name: './b', content: 'x' }], /not accepted/],
    ['a name is no UTF-8', zipFile([{ name: 'AB' }]).map((byte) => (byte === 0x42 ? 0xff : byte)) as Buffer, /not acc/],
    ['a name is hidden', [MANIFEST, { name: '.bashrc', content: 'x' }], /not accepted/],
    ['a name is there twice', [MANIFEST, MANIFEST], /twice/],
    ['names differ in case only', [MANIFEST, { ...MANIFEST, name: 'MODEL.json' }], /twice/],
    ['an entry is a symbolic link', [MANIFEST, { name: 'link', content: '/etc/passwd', mode: 0o120777 }], /link/],
    ['an entry is a device', [MANIFEST, { name: 'device', mode: 0o020666 }], /plain file/],
    ['an entry is encrypted', [{ ...MANIFEST, flags: 1 }], /encrypted/],
    ['an entry is packed in another way', [{ ...MANIFEST, method: 12 }], /method 12/],
    ['it has a folder inside the package', [MANIFEST, { name: 'deep/file', content: 'x' }], /folder inside/],
    ['something lies beside the package', [{ ...MANIFEST, name: 'm/model.json' }, { name: 'x' }], /beside/],
    ['it has no manifest', [NETWORK], /no model\.json/],
    ['it has too many entries', Array.from({ length: 17 }, (_, i) => ({ name: `f${i}` })), /17 entries/],
    ['it expands too far', [MANIFEST, { name: 'bomb.onnx', content: zeros(4 * 1024 * 1024) }], /more than 200 times/],
    [
      'its contents are too large',
      [MANIFEST, { name: 'b', content: zeros(9 * 1024 * 1024), isPacked: false }],
      /more than 8388608 bytes/,
    ],
    [
      'an entry unpacks to more than announced',
      [MANIFEST, { ...NETWORK, announced: { plainBytes: 100 } }],
      /more than the 100/,
    ],
    [
      'an entry unpacks to less than announced',
      [MANIFEST, { ...NETWORK, announced: { plainBytes: 50000 } }],
      /announces 50000/,
    ],
    [
      'a stored entry has another size',
      [{ ...MANIFEST, isPacked: false, announced: { plainBytes: 3 } }],
      /another size/,
    ],
    ['a checksum is wrong', [MANIFEST, { ...NETWORK, announced: { crc32: 7 } }], /checksum/],
    ['an empty entry has a checksum', [MANIFEST, { name: 'e', isPacked: false, announced: { crc32: 7 } }], /announces/],
    [
      'the packed bytes are damaged',
      [MANIFEST, { ...NETWORK, content: 'x', isPacked: false, method: 8 }],
      /unpacked|unpacks/,
    ],
    [
      'header and directory differ in the name',
      [MANIFEST, { ...NETWORK, local: { name: 'other.onnx' } }],
      /contradicts/,
    ],
    ['header and directory differ in a size', [MANIFEST, { ...NETWORK, local: { plainBytes: 1 } }], /contradicts/],
    ['entries share their content', twoOfOne(), /overlaps|contradicts/],
    ['an entry is larger than the archive', [{ ...MANIFEST, announced: { packedBytes: 100000 } }], /cut off/],
    ['an entry is of ZIP64', [{ ...MANIFEST, announced: { plainBytes: 0xffffffff } }], /ZIP64/],
    [
      'a header is of ZIP64',
      [MANIFEST, { ...NETWORK, local: { packedBytes: 0xffffffff, plainBytes: 0xffffffff } }],
      /ZIP64/,
    ],
    ['bytes lie before it', zipFile([MANIFEST], { before: Buffer.from('#!/bin/sh') }), /bytes lie before/],
    ['its beginning is cut off', zipFile([MANIFEST], { before: Buffer.from('#!/bin/sh') }).subarray(9), /not lie/],
    ['bytes lie behind it', zipFile([MANIFEST], { after: Buffer.from('more') }), /not a zip archive/],
    ['it is cut off', zipFile([MANIFEST, NETWORK]).subarray(0, -30), /not a zip archive/],
    ['it is something else', Buffer.from('not a zip'), /not a zip archive/],
    ['it is empty', Buffer.alloc(0), /not a zip archive/],
  ])('%s', async (_what, parts, reason) => {
    const archive = Buffer.isBuffer(parts) ? parts : zipFile(parts)
    await expect(unpack(archive)).rejects.toMatchObject({
      code: 'model_archive_invalid',
      message: expect.stringMatching(reason),
    })
  })

  it('any byte of it is changed: it is refused or unpacked as it was, and nothing is written elsewhere', async () => {
    const archive = zipFile([MANIFEST, { name: 'a.onnx', content: 'network' }])
    for (let at = 0; at < archive.length; at++)
      for (const flip of [0x01, 0xff]) {
        const changed = Buffer.from(archive)
        changed[at] ^= flip
        const outcome = await unpack(changed).catch((error) => error.code)
        if (outcome !== 'model_archive_invalid') expect(await content('model.json'), `byte ${at}`).toBe('{"a": 1}')
        expect((await readdir(folder)).filter((name) => name !== 'out')).toEqual(['package.zip'])
      }
  })

  it('an entry announces less than it holds: no more is written than announced', async () => {
    const bomb = { name: 'bomb.onnx', content: zeros(64 * 1024 * 1024), announced: { plainBytes: 1000 } }
    await expect(unpack(zipFile([MANIFEST, bomb]))).rejects.toMatchObject({ code: 'model_archive_invalid' })
    expect((await readFile(path.join(folder, 'out/bomb.onnx'))).length).toBeLessThanOrEqual(1000)
  })
})
