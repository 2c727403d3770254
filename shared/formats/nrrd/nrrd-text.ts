import { DomainError } from '../../errors/domain-error.ts'

/** The lines of an NRRD header, sorted into what they are; values still as text. */
export interface NrrdText {
  /** `NRRD0001` to `NRRD0005`. */
  magic: string
  /** Fields by their canonical name (lower case, one spelling), first line first. */
  fields: Map<string, string>
  /** `key:=value` lines, escapes undone. */
  keyValues: Map<string, string>
  /** Lines after `data file: LIST`. */
  listedFiles: string[]
  /** Names of fields that the specification does not know. */
  unknownFields: string[]
  /** Bytes up to and including the empty line, or all bytes where there is none. */
  headerBytes: number
  hasEmptyLine: boolean
}

/** Every field of the specification; the second spelling, where there is one, maps to the first. */
const FIELD_NAMES: ReadonlyMap<string, string> = new Map([
  ...[
    ...['dimension', 'type', 'encoding', 'endian', 'content', 'min', 'max', 'old min', 'old max', 'data file'],
    ...['line skip', 'byte skip', 'number', 'sample units', 'sizes', 'spacings', 'thicknesses', 'axis mins'],
    ...['axis maxs', 'centerings', 'labels', 'units', 'kinds', 'space', 'space dimension', 'space units'],
    ...['space origin', 'space directions', 'measurement frame', 'block size'],
  ].map((field): [string, string] => [field, field]),
  ['oldmin', 'old min'],
  ['oldmax', 'old max'],
  ['datafile', 'data file'],
  ['lineskip', 'line skip'],
  ['byteskip', 'byte skip'],
  ['sampleunits', 'sample units'],
  ['axismins', 'axis mins'],
  ['axismaxs', 'axis maxs'],
  ['centers', 'centerings'],
  ['centering', 'centerings'],
  ['blocksize', 'block size'],
])

/** True where the bytes begin as an NRRD file: `NRRD0001` to `NRRD0005` and the end of a line. */
export function isNrrd(bytes: Uint8Array): boolean {
  const start = String.fromCharCode(...bytes.subarray(0, 10))
  return /^NRRD000[1-5](\n|\r\n)/.test(start)
}

/**
 * Header lines of an NRRD file, sorted into fields, keys and listed files.
 *
 * @param bytes head of the file; lines end with LF or CRLF
 * @throws {DomainError} `format_unknown`, `format_header_invalid`
 * @see https://teem.sourceforge.net/nrrd/format.html §2 to §4
 */
export function readNrrdText(name: string, bytes: Uint8Array): NrrdText {
  if (!isNrrd(bytes)) throw new DomainError('format_unknown', { name })
  const { lines, headerBytes, hasEmptyLine } = headerLines(bytes)
  const text: NrrdText = {
    magic: lines[0],
    fields: new Map(),
    keyValues: new Map(),
    listedFiles: [],
    unknownFields: [],
    headerBytes,
    hasEmptyLine,
  }
  for (let i = 1; i < lines.length; i++) {
    addLine(name, text, lines[i])
    if (!/^LIST(\s|$)/.test(text.fields.get('data file') ?? '')) continue
    text.listedFiles = lines.slice(i + 1).map((line) => line.trim())
    break
  }
  if (!hasEmptyLine && !text.fields.has('data file')) {
    throw new DomainError('format_header_invalid', { name, reason: 'it does not end with an empty line' })
  }
  return text
}

function headerLines(bytes: Uint8Array): { lines: string[]; headerBytes: number; hasEmptyLine: boolean } {
  const lines: string[] = []
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(start, end > start && bytes[end - 1] === 13 ? end - 1 : end)
    start = end + 1
    if (newline >= 0 && line.length === 0) return { lines, headerBytes: start, hasEmptyLine: true }
    if (line.length > 0) lines.push(textOf(line))
  }
  return { lines, headerBytes: bytes.length, hasEmptyLine: false }
}

/** Text of one line: UTF-8 where it is valid, else Latin-1 (for `Å` and file names). */
function textOf(bytes: Uint8Array): string {
  let latin = ''
  let isAscii = true
  for (const byte of bytes) {
    latin += String.fromCharCode(byte)
    isAscii &&= byte < 128
  }
  if (isAscii) return latin
  try {
    return decodeURIComponent(
      latin.replaceAll(/[^!-$&-~]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
    )
  } catch {
    return latin
  }
}

function addLine(name: string, text: NrrdText, line: string): void {
  if (line.startsWith('#')) return
  const colon = line.indexOf(':')
  const written = line.slice(0, Math.max(colon, 0)).trim()
  const field = FIELD_NAMES.get(written.toLowerCase().replaceAll(/\s+/g, ' '))
  const isField = colon > 0 && line[colon + 1] !== '='
  if (field !== undefined && isField) return addField(name, text, field, line.slice(colon + 1).trim())
  const assign = line.indexOf(':=')
  if (assign > 0) {
    text.keyValues.set(unescaped(line.slice(0, assign)), unescaped(line.slice(assign + 2)))
    return
  }
  if (!isField) throw new DomainError('format_header_invalid', { name, reason: `not a field: ${line.slice(0, 60)}` })
  text.unknownFields.push(written.slice(0, 60))
}

function addField(name: string, text: NrrdText, field: string, value: string): void {
  if (text.fields.has(field)) {
    throw new DomainError('format_header_invalid', { name, reason: `the field ${field} stands there twice` })
  }
  text.fields.set(field, value)
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(n|\\)/g, (_, c: string) => (c === 'n' ? '\n' : '\\'))
}
