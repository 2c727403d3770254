import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hasSharedData, SHARED_DATA } from '../../../build/test-support/shared-data.ts'
import { DomainError } from '../../errors/domain-error.ts'
import { asciiBytes } from '../byte-view.ts'
import { AsciiVoxels } from './ascii-voxels.ts'
import { isNrrd, type ParsedNrrd, parseNrrd } from './parse-nrrd.ts'

const CORPUS = path.join(SHARED_DATA, 'formats')
const MANIFEST = path.join(CORPUS, 'manifest.json')
const DTYPES: Record<string, string> = { '<i2': 'int16', '|u1': 'uint8', '<f4': 'float32' }

interface Entry {
  file: string
  kind: string
  reference: { shape_zyx?: number[]; dtype: string; sha256_le_c_order: string }
}

function corpusEntries(): Entry[] {
  if (!hasSharedData || !existsSync(MANIFEST)) return []
  const { entries } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { entries: Entry[] }
  return entries.filter(({ kind, reference }) => kind.startsWith('nrrd') && reference.shape_zyx !== undefined)
}

/** Raw voxels as a caller would bring them; null where this test has no decoder (bzip2). */
function rawVoxels(file: string, bytes: Uint8Array, { volume, data }: ParsedNrrd): Uint8Array | null {
  const stored = data.dataFiles
    ? readFileSync(path.join(path.dirname(file), data.dataFiles[0]))
    : bytes.subarray(data.headerBytes)
  if (data.encoding === 'bzip2') return null
  if (data.encoding === 'gzip') return gunzipSync(stored)
  if (data.encoding === 'raw') return stored
  const decoder = new AsciiVoxels(file, volume.header.dtype, volume.layout.totalVoxels)
  decoder.push(stored)
  const voxels = decoder.finish()
  return new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
}

describe.runIf(hasSharedData)('real NRRD files', () => {
  it.each(corpusEntries().map((entry) => [entry.file, entry] as const))('reads %s as teem does', (name, entry) => {
    const file = path.join(CORPUS, name)
    const bytes = new Uint8Array(readFileSync(file))
    const parsed = parseNrrd(path.basename(name), bytes)
    const { header } = parsed.volume
    const shape = entry.reference.shape_zyx ?? []
    expect(header.shapeZyx).toEqual([1, 1, ...shape].slice(-3))
    expect(header.dtype).toBe(DTYPES[entry.reference.dtype])
    const raw = rawVoxels(file, bytes, parsed)
    if (raw === null) return expect(bytes.subarray(parsed.data.headerBytes).slice(0, 3)).toEqual(asciiBytes('BZh'))
    expect(raw.length).toBe(parsed.data.expectedBytes)
    expect(createHash('sha256').update(raw).digest('hex')).toBe(entry.reference.sha256_le_c_order)
  })

  it('has the entries that this test was written for', () => {
    expect(corpusEntries().length).toBeGreaterThanOrEqual(6)
  })
})

/** A valid header of axes 7, 5, 3, with fields replaced (null leaves a field out), and what follows it. */
function headerText(
  fields: Record<string, string | null> = {},
  { magic = 'NRRD0005', newline = '\n', tail = '' } = {},
) {
  const all = { type: 'uint8', dimension: '3', sizes: '7 5 3', endian: 'little', encoding: 'raw', ...fields }
  const lines = Object.entries(all).filter(([, value]) => value !== null)
  return `${[magic, ...lines.map(([field, value]) => `${field}: ${value}`)].join(newline)}${newline}${newline}${tail}`
}

function parse(fields: Record<string, string | null> = {}, options = {}) {
  return parseNrrd('a.nrrd', asciiBytes(headerText(fields, options)))
}

const codesOf = (parsed: ParsedNrrd) => parsed.volume.header.warnings.map(({ code }) => code)
const code = (name: string) => expect.objectContaining({ code: name })

describe('parseNrrd', () => {
  it('knows the magic of versions 1 to 5 and no other', () => {
    expect([0, 1, 5, 6].map((n) => isNrrd(asciiBytes(`NRRD000${n}\n`)))).toEqual([false, true, true, false])
    expect(isNrrd(asciiBytes('NRRD'))).toBe(false)
    expect(() => parseNrrd('a', asciiBytes('MAP '))).toThrow(code('format_unknown'))
  })

  it('gives z, y, x and the place of attached voxels, with LF and with CRLF', () => {
    for (const newline of ['\n', '\r\n']) {
      const { volume, data } = parse({}, { newline, tail: 'voxels\n\n' })
      expect(volume.header.shapeZyx).toEqual([3, 5, 7])
      expect(data).toMatchObject({
        headerBytes: headerText({}, { newline }).length,
        dataFiles: null,
        expectedBytes: 105,
      })
    }
  })

  it('reads directions, origin and unit of unequal axes', () => {
    const { header } = parse({
      'space dimension': '3',
      'space directions': '(0,2,0) (-3,0,0) (0, 0, 4.5)',
      'space origin': '(10,20,-30)',
      'space units': '"angstrom" "Å" "Angstroms"'.replace('Å', 'A'),
    }).volume
    expect(header.voxelSizeZyx).toEqual([4.5, 3, 2])
    expect(header.unit).toBe('angstrom')
    expect(header.affine).toEqual([0, -3, 0, 10, 2, 0, 0, 20, 0, 0, 4.5, -30, 0, 0, 0, 1])
    expect(header.warnings).toEqual([])
  })

  it('reads units written in UTF-8 and in Latin-1', () => {
    const bytesOf = (encoding: 'utf8' | 'latin1') =>
      new Uint8Array(Buffer.from(headerText({ spacings: '1 2 3', units: '"Å" "Å" "Å"' }), encoding))
    expect(parseNrrd('a', bytesOf('utf8')).volume.header.unit).toBe('angstrom')
    expect(parseNrrd('a', bytesOf('latin1')).volume.header.unit).toBe('angstrom')
  })

  it('never invents a voxel size', () => {
    for (const spacings of [null, '1 2 nan', '0 1 1', '1 inf 1']) {
      const parsed = parse({ spacings })
      expect(parsed.volume.header.voxelSizeZyx).toBeNull()
      expect(codesOf(parsed)).toContain('voxel_size_unknown')
    }
    const flat = parse({ space: 'LPS', 'space directions': '(1,nan,0) (0,1,0) (0,0,1)' })
    expect(flat.volume.header.voxelSizeZyx).toBeNull()
  })

  it('squares the axes when the directions lie in one plane', () => {
    const parsed = parse({ space: 'LPS', 'space directions': '(1,0,0) (0,2,0) (3,0,0)' })
    expect(codesOf(parsed)).toEqual(['directions_singular'])
    expect(parsed.volume.header.affine.slice(0, 12)).toEqual([1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0])
  })

  it('takes every spelling of fields and types', () => {
    const { data } = parse({ lineskip: '2', 'BYTE  Skip': '-1', encoding: 'GZ', centers: 'cell cell cell' })
    expect(data).toMatchObject({ lineSkip: 2, byteSkip: -1, encoding: 'gzip' })
    const types = ['signed long long int', 'unsigned char', 'uint16_t', 'double', 'Signed  Char', 'uint']
    const read = types.map((type) => parse({ type }).volume.header.dtype)
    expect(read).toEqual(['int64', 'uint8', 'uint16', 'float64', 'int8', 'uint32'])
    expect(() => parse({ type: 'block' })).toThrow(code('format_unsupported'))
    expect(() => parse({ type: 'constructor' })).toThrow(code('format_header_invalid'))
  })

  it('keeps keys apart from fields, even where they look alike', () => {
    const text = headerText().replace('\n\n', '\n# remark\nbyte skip:= -1\n__proto__:=x\na:b:=1\\n2\n\n')
    const { volume, data } = parseNrrd('a', asciiBytes(text))
    expect(data.byteSkip).toBe(0)
    const keys = volume.header.raw['key/value pairs'] as object
    expect(Object.entries(keys)).toEqual([
      ['byte skip', ' -1'],
      ['__proto__', 'x'],
      ['a:b', '1\n2'],
    ])
  })

  it('assumes little endian with a warning, and only where it matters', () => {
    expect(codesOf(parse({ type: 'short', endian: null, spacings: '1 1 1' }))).toEqual(['endian_missing'])
    expect(codesOf(parse({ endian: null, spacings: '1 1 1' }))).toEqual([])
    expect(parse({ type: 'short', endian: 'BIG' }).volume.layout.isLittleEndian).toBe(false)
  })

  it('puts axes of one voxel before planes and lines', () => {
    const plane = parse({ dimension: '2', sizes: '7 5', spacings: '1 1' }).volume.header
    expect(plane).toMatchObject({ shapeZyx: [1, 5, 7], voxelSizeZyx: null })
    expect(parse({ dimension: '1', sizes: '7' }).volume.header.shapeZyx).toEqual([1, 1, 7])
  })
})

describe('four axes', () => {
  const four = (fields: Record<string, string>) => parse({ dimension: '4', sizes: '7 5 3 2', ...fields })

  it('reads the first volume where the slowest axis is not in space', () => {
    for (const kinds of ['domain domain domain domain', 'domain domain domain list', 'space space space time']) {
      const parsed = four({ kinds })
      expect(parsed.volume.header).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 2 })
      expect(parsed.volume.layout.totalVoxels).toBe(210)
      expect(parsed.data.expectedBytes).toBe(210)
      expect(codesOf(parsed)).toContain('first_volume_only')
    }
  })

  it('reads the first volume of interleaved components, and refuses colours', () => {
    const directions = { space: 'LPS', 'space directions': 'none (1,0,0) (0,2,0) (0,0,3)' }
    expect(() => four({ kinds: 'RGB-color domain domain domain' })).toThrow(code('format_unsupported'))
    const interleaved = four(directions)
    expect(interleaved.volume.header).toMatchObject({ shapeZyx: [2, 3, 5], numVolumes: 7, voxelSizeZyx: [3, 2, 1] })
    expect(interleaved.volume.layout.stridesXyz).toEqual([7, 35, 105])
    expect(codesOf(interleaved)).toContain('first_volume_only')
    const single = four({ ...directions, sizes: '1 7 5 3' }).volume.header
    expect(single).toMatchObject({ shapeZyx: [3, 5, 7], numVolumes: 1, voxelSizeZyx: [3, 2, 1] })
  })

  it('refuses more than four clearly', () => {
    expect(() => four({ dimension: '5', sizes: '1 1 1 1 1' })).toThrow(code('format_unsupported'))
    expect(() => four({ dimension: '17' })).toThrow(code('format_header_invalid'))
  })
})

describe('detached data', () => {
  const files = (value: string, fields = {}) => parse({ 'data file': value, ...fields }).data.dataFiles

  it('reads a single name, a pattern and a list', () => {
    expect(files('my data.raw')).toEqual(['my data.raw'])
    expect(files('s%03d.raw 9 11 1')).toEqual(['s009.raw', 's010.raw', 's011.raw'])
    expect(files('s%d.raw 5 1 -2 2')).toEqual(['s5.raw', 's3.raw', 's1.raw'])
    expect(files('s%d.raw 1 3 1 3')).toEqual(['s1.raw', 's2.raw', 's3.raw'])
    const list = headerText().replace('\n\n', '\ndatafile: LIST 2\na.raw\nb.raw\nc.raw\n')
    expect(parseNrrd('a', asciiBytes(list)).data.dataFiles).toEqual(['a.raw', 'b.raw', 'c.raw'])
  })

  it('needs no empty line, where attached data do', () => {
    const text = headerText({ 'data file': './a.raw' }).trimEnd()
    const { data } = parseNrrd('a.nhdr', asciiBytes(text))
    expect(data).toMatchObject({ dataFiles: ['a.raw'], headerBytes: text.length })
    expect(() => parseNrrd('a', asciiBytes(headerText().trimEnd()))).toThrow(code('format_header_invalid'))
  })

  it('never leaves the folder of the header', () => {
    for (const bad of [
      '../a.raw',
      'C:\\a.raw',
      'C:a.raw',
      'a/../../b.raw',
      '//a.raw',
      '..',
      '.',
      '../%d.raw 1 3 1',
      '',
    ]) {
      expect(() => files(bad), bad).toThrow(code('format_detached_data_missing'))
    }
  })

  it('refuses a number of files that does not fill the axes, and endless ones', () => {
    for (const bad of ['s%d.raw 1 2 1', 's%d.raw 1 999999999 1', 's%d.raw 1 3 0', 's%d.raw 3 1 1', 'LIST', 'LIST 9']) {
      expect(() => files(bad), bad).toThrow(code('format_header_invalid'))
    }
  })
})

describe('malformed headers', () => {
  it('are refused with a reason', () => {
    const bad: Record<string, string | null>[] = [
      { sizes: '2147483648 5 3' },
      { sizes: '-7 5 3' },
      { sizes: '0 5 3' },
      { sizes: '7 5' },
      { sizes: '7 5.5 3' },
      { sizes: '999999 999999 999999' },
      { sizes: '1 '.repeat(1_000_000) },
      { dimension: '1000000', sizes: '1 '.repeat(1_000_000) },
      { dimension: null },
      { encoding: null },
      { encoding: 'toString' },
      { type: null },
      { endian: 'middle' },
      { 'line skip': '-1' },
      { 'byte skip': '-2' },
      { spacings: '1 2 x' },
      { space: 'nowhere' },
      { space: 'LPS', 'space dimension': '4' },
      { 'space directions': '(1,0,0) (0,1,0) (0,0,1)' },
      { space: 'LPS', 'space directions': '(1,0,0) (0,1,0)' },
      { space: 'LPS', 'space directions': '(1,0,0) (0,1,0) (0,0' },
      { space: 'LPS', 'space origin': '(1,2)' },
      { kinds: 'domain' },
      { Type: 'uint8' },
      { 'data file': `a${' '.repeat(500_000)}b` },
    ]
    for (const fields of bad) expect(() => parse(fields), JSON.stringify(fields).slice(0, 80)).toThrow(DomainError)
  })

  it('give nothing but a DomainError when cut or damaged anywhere', () => {
    const space = { space: 'RAS', 'space directions': '(1,0,0) (0,2,0) (0,0,3)', 'space units': '"mm" "mm" "mm"' }
    const detached = asciiBytes(headerText({ ...space, 'data file': 's%02d.raw 1 3 1', kinds: 'domain domain domain' }))
    const attached = asciiBytes(headerText(space))
    let seed = 12345
    const random = (below: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    for (let i = 0; i < 4000; i++) {
      const bytes = (i % 2 ? detached : attached).slice()
      for (let n = random(4); n >= 0; n--) bytes[random(bytes.length)] = random(256)
      onlyDomainErrors(i % 5 ? bytes : bytes.subarray(0, random(bytes.length)))
    }
    for (let length = 0; length <= detached.length; length++) onlyDomainErrors(detached.subarray(0, length))
  })
})

function onlyDomainErrors(bytes: Uint8Array): void {
  try {
    parseNrrd('a.nrrd', bytes)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
  }
}
