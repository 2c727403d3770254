import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { int16Bytes, type MrcWords, mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import { DomainError } from '../errors/domain-error.ts'
import { type NiftiFields, writeNiftiFields } from '../formats/nifti/nifti-fields.ts'
import { type OpenVolumeOptions, openVolumeFile } from './volume-file.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-read-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folder = ''
let tempDir = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(root, 'secret-folder-'))
  tempDir = mkdtempSync(path.join(root, 'temp-'))
})
afterEach(async () => {
  expect(readdirSync(tempDir), 'unpacked files left behind').toEqual([])
  // Streams close a moment after they are destroyed.
  await expect.poll(openFiles, { message: 'files left open' }).toEqual([])
})

/** Files below the test's folder that this process holds open; Linux tells. */
function openFiles(): string[] {
  const table = '/proc/self/fd'
  if (!existsSync(table)) return []
  const targets = readdirSync(table).map((fd) => {
    try {
      return readlinkSync(path.join(table, fd))
    } catch {
      return ''
    }
  })
  return targets.filter((target) => target.startsWith(root))
}

const VALUES = Array.from({ length: 105 }, (_, i) => i * 3 - 100)
const WANTED = Int16Array.from(VALUES)
const VOXELS = int16Bytes(VALUES)
const hasBzip2 = spawnSync('bzip2', ['--version'], { input: '' }).status === 0
const bzip2 = (bytes: Uint8Array) => spawnSync('bzip2', ['-c'], { input: bytes, maxBuffer: 2 ** 30 }).stdout

function put(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

const mrc = (words: MrcWords = {}) => mrcBytes({ body: VOXELS, ...words })

function niftiHead(changes: NiftiFields = {}): Buffer {
  const fields: NiftiFields = {
    ...{ sizeof_hdr: 348, magic: 'n+1', dim: [3, 7, 5, 3, 1, 1, 1, 1], pixdim: [1, 2, 3, 4, 1, 1, 1, 1] },
    ...{ datatype: 4, bitpix: 16, vox_offset: 352, scl_slope: 1, xyzt_units: 2 },
    ...changes,
  }
  const head = writeNiftiFields(fields, 1)
  return Buffer.concat([head, Buffer.alloc(Math.max(0, 352 - head.length))])
}
const nifti = (changes?: NiftiFields) => Buffer.concat([niftiHead(changes), VOXELS])
const pairHead = () => niftiHead({ magic: 'ni1', vox_offset: 0 }).subarray(0, 348)

function nrrd(lines: string[], data: Uint8Array | string = ''): Buffer {
  const fields = ['NRRD0005', 'type: int16', 'dimension: 3', 'sizes: 7 5 3', 'endian: little', ...lines]
  return Buffer.concat([Buffer.from(`${fields.join('\n')}\n\n`), Buffer.from(data as Uint8Array)])
}

/** Opens a file, checks that its voxels are the counted ones, and closes it. */
async function reads(file: string, options: OpenVolumeOptions = {}): Promise<string[]> {
  const volume = await openVolumeFile(file, { tempDir, ...options })
  try {
    expect(volume.header.shapeZyx).toEqual([3, 5, 7])
    expect(await volume.readSlab(0, 3)).toEqual(WANTED)
    expect(await volume.readBox([1, 2, 3], [1, 1, 2])).toEqual(WANTED.slice(52, 54))
    return volume.header.warnings.map(({ code }) => code)
  } finally {
    await volume.close()
  }
}

/** The code that opening is refused with; what it says must not tell where the file is. */
async function refused(file: string, options: OpenVolumeOptions = {}): Promise<string> {
  try {
    const volume = await openVolumeFile(file, { tempDir, ...options })
    try {
      await volume.readSlab(0, volume.header.shapeZyx[0])
    } finally {
      await volume.close()
    }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const said = `${error.message} ${error.hint}`
    expect(said).not.toContain('secret-folder')
    expect(said).not.toContain(tempDir)
    expect(said).not.toMatch(/undefined|\?\.|\[object/)
    return error.code
  }
  return 'ok'
}

describe('packed files', () => {
  const packers: [string, (bytes: Uint8Array) => Uint8Array][] = [['.gz', (bytes) => gzipSync(bytes)]]
  if (hasBzip2) packers.push(['.bz2', bzip2])
  for (const [ending, pack] of packers) {
    it(`reads MRC and NIfTI packed as ${ending}, whatever the name says`, async () => {
      await reads(put(`a.mrc${ending}`, pack(mrc())))
      await reads(put('b.mrc', pack(mrc())))
      await reads(put(`c.nii${ending}`, pack(nifti())))
      await reads(put(`d.rec${ending}`, pack(mrc({ nsymbt: 80, body: Buffer.concat([Buffer.alloc(80), VOXELS]) }))))
    })

    it(`reads packed extended headers longer than the part that is looked at first (${ending})`, async () => {
      const nsymbt = 300_000
      await reads(put(`a.mrc${ending}`, pack(mrc({ nsymbt, body: Buffer.concat([Buffer.alloc(nsymbt), VOXELS]) }))))
    })

    it(`calls a ${ending} file that ends early or is damaged by its name`, async () => {
      const noise = Uint8Array.from({ length: 400_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255)
      const packed = pack(mrc({ n: [400, 500, 1], body: noise }))
      for (const part of [0.05, 0.5, 0.99]) {
        const code = await refused(put(`cut.mrc${ending}`, packed.subarray(0, Math.floor(packed.length * part))))
        expect(['format_corrupt_stream', 'format_truncated', 'format_unknown'], `${part}`).toContain(code)
      }
      const damaged = Buffer.from(packed)
      damaged[Math.floor(packed.length / 2)] ^= 0x5a
      expect(await refused(put(`bad.mrc${ending}`, damaged))).toMatch(/^format_(corrupt_stream|truncated)$/)
      expect(await refused(put(`empty.mrc${ending}`, packed.subarray(0, 4)))).toBe('format_corrupt_stream')
    })

    it(`finds a wrong checksum at the end of a ${ending} file`, async () => {
      const damaged = Buffer.from(pack(mrc()))
      damaged[damaged.length - (ending === '.gz' ? 7 : 3)] ^= 0xff
      expect(await refused(put(`a.mrc${ending}`, damaged))).toBe('format_corrupt_stream')
    })

    it(`does not unpack more of a ${ending} bomb than its header can use`, async () => {
      const bomb = pack(Buffer.concat([mrc(), Buffer.alloc(150_000_000)]))
      const started = performance.now()
      expect(await reads(put(`bomb.mrc${ending}`, bomb))).toContain('trailing_bytes')
      expect(performance.now() - started).toBeLessThan(4000)
    })

    it(`refuses a small ${ending} file whose header asks for a terabyte before anything is written`, async () => {
      const header = mrcBytes({ n: [1_000_000, 1_000_000, 1], mode: 0, body: new Uint8Array(100_000) })
      const code = await refused(put(`liar.mrc${ending}`, pack(header)))
      expect(['format_truncated', 'format_expansion_limit']).toContain(code)
    })

    it(`refuses a small ${ending} file whose header asks for a few gigabytes, fast`, async () => {
      const header = mrcBytes({ n: [1000, 1000, 4000], mode: 0, body: new Uint8Array(100_000) })
      const started = performance.now()
      expect(await refused(put(`liar.mrc${ending}`, pack(header)))).toBe('format_truncated')
      expect(performance.now() - started).toBeLessThan(2000)
    })

    it(`keeps to the limit on expansion that it is given (${ending})`, async () => {
      const file = put(`a.mrc${ending}`, pack(mrc()))
      expect(await refused(file, { maxExpandedBytes: 1000 })).toBe('format_expansion_limit')
      expect(await refused(file, { maxExpandedBytes: 1024 + 210 })).toBe('ok')
    })
  }

  it('refuses a gzip header that asks for more than gzip can hold, as truncated', async () => {
    const n = [1000, 1000, 300]
    const packed = gzipSync(mrcBytes({ n, mode: 0, body: new Uint8Array(1_000_000) }))
    expect(await refused(put('a.mrc.gz', packed))).toBe('format_truncated')
  })

  it('stops when asked to', async () => {
    const stop = new AbortController()
    stop.abort()
    expect(await refused(put('a.mrc.gz', gzipSync(mrc())), { signal: stop.signal })).toBe('canceled')
  })
})

describe('pairs of header and image', () => {
  for (const [headEnding, imageEnding] of [
    ['.hdr', '.img'],
    ['.hdr', '.img.gz'],
    ['.hdr.gz', '.img.gz'],
    ['.hdr.gz', '.img'],
    ['.HDR', '.IMG'],
  ])
    it(`reads ${headEnding} with ${imageEnding}, by either name`, async () => {
      const pack = (ending: string, bytes: Uint8Array) => (ending.endsWith('.gz') ? gzipSync(bytes) : bytes)
      const head = put(`a${headEnding}`, pack(headEnding, pairHead()))
      const image = put(`a${imageEnding}`, pack(imageEnding, VOXELS))
      await reads(head)
      if (headEnding !== '.HDR') await reads(image)
    })

  it('names the image that is missing, too short, packed and damaged, or a folder', async () => {
    const head = put('a.hdr', pairHead())
    expect(await refused(head)).toBe('format_detached_data_missing')
    put('a.img', VOXELS.subarray(1))
    expect(await refused(head)).toBe('format_truncated')
    rmSync(path.join(folder, 'a.img'))
    put('a.img.gz', gzipSync(VOXELS).subarray(0, 40))
    expect(await refused(head)).toBe('format_corrupt_stream')
    rmSync(path.join(folder, 'a.img.gz'))
    put('a.img.gz', gzipSync(VOXELS.subarray(2)))
    expect(await refused(head)).toBe('format_truncated')
    rmSync(path.join(folder, 'a.img.gz'))
    mkdirSync(path.join(folder, 'a.img'))
    expect(await refused(head)).toMatch(/^(file_unreadable|format_detached_data_missing)$/)
  })

  it('refuses an image without its header', async () => {
    expect(await refused(put('a.img', VOXELS))).toBe('format_unknown')
    expect(await refused(put('b.img.gz', gzipSync(VOXELS)))).toBe('format_unknown')
  })
})

describe('NRRD', () => {
  it('reads raw, gzip, bzip2 and text, attached and detached', async () => {
    const text = VALUES.join(' ')
    await reads(put('raw.nrrd', nrrd(['encoding: raw'], VOXELS)))
    await reads(put('gz.nrrd', nrrd(['encoding: gzip'], gzipSync(VOXELS))))
    await reads(put('text.nrrd', nrrd(['encoding: ascii'], text)))
    put('d.raw', VOXELS)
    await reads(put('raw.nhdr', nrrd(['encoding: raw', 'data file: d.raw'])))
    put('d.gz', gzipSync(VOXELS))
    await reads(put('gz.nhdr', nrrd(['encoding: gz', 'data file: ./d.gz'])))
    put('d.txt', text)
    await reads(put('text.nhdr', nrrd(['encoding: txt', 'datafile: d.txt'])))
    if (hasBzip2) await reads(put('bz.nrrd', nrrd(['encoding: bzip2'], bzip2(VOXELS))))
  })

  it('skips lines and bytes before the data, and takes the last bytes with -1', async () => {
    const before = Buffer.from('one\ntwo\n')
    await reads(put('a.nrrd', nrrd(['encoding: raw', 'line skip: 2'], Buffer.concat([before, VOXELS]))))
    await reads(put('b.nrrd', nrrd(['encoding: raw', 'byte skip: 8'], Buffer.concat([before, VOXELS]))))
    await reads(put('c.nrrd', nrrd(['encoding: raw', 'byte skip: -1'], Buffer.concat([before, VOXELS]))))
    const both = Buffer.concat([before, gzipSync(Buffer.concat([Buffer.alloc(5), VOXELS]))])
    await reads(put('d.nrrd', nrrd(['encoding: gzip', 'line skip: 2', 'byte skip: 5'], both)))
    const packed = gzipSync(Buffer.concat([Buffer.alloc(70), VOXELS]))
    await reads(put('e.nrrd', nrrd(['encoding: gzip', 'byte skip: -1'], packed)))
    const far = gzipSync(Buffer.concat([Buffer.alloc(100_000), VOXELS]))
    expect(await refused(put('f.nrrd', nrrd(['encoding: gzip', 'byte skip: -1'], far)))).toBe('format_unsupported')
  })

  it('joins many files, listed or numbered, raw or packed', async () => {
    for (let z = 0; z < 3; z++) {
      put(`s${z}.raw`, VOXELS.subarray(70 * z, 70 * z + 70))
      put(`s${z}.gz`, gzipSync(VOXELS.subarray(70 * z, 70 * z + 70)))
    }
    await reads(put('a.nhdr', nrrd(['encoding: raw', 'data file: s%d.raw 0 2 1'])))
    await reads(put('b.nhdr', nrrd(['encoding: gzip', 'data file: s%d.gz 0 2 1 2'])))
    await reads(put('c.nhdr', nrrd(['encoding: raw', 'data file: LIST\ns0.raw\ns1.raw\ns2.raw'])))
  })

  it('refuses data that are missing, short, damaged, elsewhere, or ask for too much', async () => {
    expect(await refused(put('a.nhdr', nrrd(['encoding: raw', 'data file: none.raw'])))).toBe(
      'format_detached_data_missing',
    )
    for (const name of ['../a.raw', '/etc/passwd', 'sub/a.raw'])
      expect(await refused(put('b.nhdr', nrrd(['encoding: raw', `data file: ${name}`])))).toBe(
        'format_detached_data_missing',
      )
    expect(await refused(put('c.nrrd', nrrd(['encoding: raw'], VOXELS.subarray(2))))).toBe('format_truncated')
    expect(await refused(put('d.nrrd', nrrd(['encoding: raw', 'byte skip: -1'], VOXELS.subarray(2))))).toBe(
      'format_truncated',
    )
    expect(await refused(put('e.nrrd', nrrd(['encoding: gzip'], gzipSync(VOXELS).subarray(0, 50))))).toBe(
      'format_corrupt_stream',
    )
    expect(await refused(put('f.nrrd', nrrd(['encoding: gzip'], gzipSync(VOXELS.subarray(2)))))).toBe(
      'format_truncated',
    )
    expect(await refused(put('g.nrrd', nrrd(['encoding: gzip'], 'no gzip')))).toBe('format_corrupt_stream')
    expect(await refused(put('h.nrrd', nrrd(['encoding: ascii'], '1 2 3')))).toMatch(/^format_/)
    expect(await refused(put('i.nrrd', nrrd(['encoding: raw', 'line skip: 9'], VOXELS)))).toBe('format_truncated')
    put('s0.raw', VOXELS.subarray(0, 70))
    put('s1.raw', VOXELS.subarray(0, 69))
    expect(await refused(put('j.nhdr', nrrd(['encoding: raw', 'data file: s%d.raw 0 2 1'])))).toMatch(/^format_/)
    const bomb = Buffer.from(
      nrrd(['encoding: gzip'], gzipSync(VOXELS)).toString('latin1').replace('7 5 3', '90000 90000 9000'),
      'latin1',
    )
    expect(await refused(put('k.nrrd', bomb))).toMatch(/^format_(truncated|expansion_limit)$/)
  })

  it('does not follow a data file that is a header or the header itself into a circle', async () => {
    expect(await refused(put('a.nhdr', nrrd(['encoding: raw', 'data file: a.nhdr'])))).toMatch(/^(format_|ok)/)
  })
})

describe('things that are no file', () => {
  it('refuses folders, devices, pipes, links that lead nowhere or in a circle, and nothing', async () => {
    mkdirSync(path.join(folder, 'sub.mrc'))
    expect(await refused(path.join(folder, 'sub.mrc'))).toBe('file_unreadable')
    expect(await refused('/dev/zero')).toBe('file_unreadable')
    expect(await refused(path.join(folder, 'none.mrc'))).toBe('file_not_found')
    symlinkSync(path.join(folder, 'none.mrc'), path.join(folder, 'dangling.mrc'))
    expect(await refused(path.join(folder, 'dangling.mrc'))).toBe('file_not_found')
    symlinkSync('loop.mrc', path.join(folder, 'loop.mrc'))
    expect(await refused(path.join(folder, 'loop.mrc'))).toBe('file_unreadable')
    expect(await refused(put('empty.mrc', ''))).toMatch(/^format_/)
    expect(await refused(put('empty.nii', ''))).toMatch(/^format_/)
    expect(await refused(path.join(put('file.mrc', mrc()), 'below.mrc'))).toBe('file_not_found')
    expect(await refused(path.join(folder, 'zero\0byte.mrc'))).toMatch(/^file_/)
    expect(await refused(path.join(folder, 'x'.repeat(5000)))).toMatch(/^file_/)
  })

  it.runIf(spawnSync('mkfifo', ['--version']).status === 0)('does not wait for a pipe', async () => {
    const pipe = path.join(folder, 'pipe.mrc')
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
    expect(await refused(pipe)).toBe('file_unreadable')
    put('a.nhdr', nrrd(['encoding: raw', 'data file: pipe.mrc']))
    expect(await refused(path.join(folder, 'a.nhdr'))).toBe('format_detached_data_missing')
  })

  it.skipIf(process.getuid?.() === 0)('says that a file may not be read', async () => {
    const file = put('a.mrc', mrc())
    chmodSync(file, 0)
    expect(await refused(file)).toBe('file_unreadable')
  })

  it('opens a link to a file, and names with blanks, quotes, letters of any script and line ends', async () => {
    symlinkSync(put('real.mrc', mrc()), path.join(folder, 'link.mrc'))
    await reads(path.join(folder, 'link.mrc'))
    for (const name of [
      'a b.mrc',
      "it's.mrc",
      'ф层é🧬.mrc.gz',
      'new\nline.mrc',
      '-json.mrc',
      'no ending',
      '%d.mrc',
      '#a?.mrc',
    ])
      await reads(put(name, name.endsWith('gz') ? gzipSync(mrc()) : mrc()))
  })

  it('says what is wrong with a file that only its name calls NIfTI', async () => {
    expect(await refused(put('analyze.hdr', niftiHead({ magic: '' })))).toBe('format_unsupported')
    expect(await refused(put('magic.nii', nifti({ magic: 'n+9' })))).toBe('format_header_invalid')
    expect(await refused(put('short.nii', nifti().subarray(0, 200)))).toBe('format_truncated')
    expect(await refused(put('text.nii', 'no NIfTI at all, only text'.repeat(50)))).toBe('format_unknown')
    expect(await refused(put('magic.nii.gz', gzipSync(nifti({ magic: 'n+9' }))))).toBe('format_header_invalid')
  })

  it('refuses slices that no memory holds, also where the file is that long', async () => {
    const file = put('a.mrc', mrcBytes({ n: [100_000, 60_000, 1], mode: 0 }))
    truncateSync(file, 1024 + 6e9)
    expect(await refused(file)).toBe('format_unsupported')
  })

  it('says truncated when a file becomes shorter while it is open', async () => {
    const file = put('a.mrc', mrc())
    const volume = await openVolumeFile(file)
    truncateSync(file, 1100)
    await expect(volume.readSlab(0, 3)).rejects.toMatchObject({ code: 'format_truncated' })
    await volume.close()
  })

  it('removes the unpacked copy when the source is closed, also twice', async () => {
    const volume = await openVolumeFile(put('a.mrc.gz', gzipSync(mrc())), { tempDir })
    expect(readdirSync(tempDir)).toHaveLength(1)
    await volume.close()
    expect(readdirSync(tempDir)).toEqual([])
    await volume.close()
  })

  it('names a temporary folder that cannot be written', async () => {
    const file = put('a.mrc.gz', gzipSync(mrc()))
    expect(await refused(file, { tempDir: path.join(folder, 'none') })).toBe('file_unwritable')
  })
})
