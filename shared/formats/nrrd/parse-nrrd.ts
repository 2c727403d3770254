import { DomainError } from '../../errors/domain-error.ts'
import { BYTES_PER_VOXEL, type DType } from '../../volume/dtype.ts'
import type { VolumeHeader, VolumeWarning } from '../../volume/header.ts'
import type { ParsedVolume } from '../parsed-volume.ts'
import { dataFileNames } from './data-files.ts'
import { type VolumeAxes, volumeAxes } from './nrrd-axes.ts'
import { geometryOf, placeOf, readSpace } from './nrrd-space.ts'
import { type NrrdText, readNrrdText } from './nrrd-text.ts'
import { dtypeOf, invalid, shown, wholeNumber, words } from './nrrd-values.ts'

export { isNrrd } from './nrrd-text.ts'

/** Most axes of the format, and most that are read as volumes. */
const MAX_AXES = 16
const MAX_READ_AXES = 4

const ENCODINGS: Readonly<Record<string, NrrdData['encoding']>> = {
  raw: 'raw',
  gz: 'gzip',
  gzip: 'gzip',
  bz2: 'bzip2',
  bzip2: 'bzip2',
  txt: 'ascii',
  text: 'ascii',
  ascii: 'ascii',
}

/** Where the voxels are and how they become plain raw bytes. */
export interface NrrdData {
  encoding: 'raw' | 'gzip' | 'bzip2' | 'ascii'
  /** Bytes of the header with its closing empty line; attached data begin there. */
  headerBytes: number
  /** Lines to skip before the data of each file, still compressed. */
  lineSkip: number
  /** Bytes to skip after the lines and after decompression; −1: the voxels are the last `expectedBytes`. */
  byteSkip: number
  /**
   * Files in the header's folder or below, in order; null where the data follow the header. A full path may be among
   * them: who opens it checks that it leads there.
   */
  dataFiles: string[] | null
  /** Bytes of all voxels once they are raw. */
  expectedBytes: number
}

export interface ParsedNrrd {
  /** `layout.offsetBytes` is 0: the voxels are read from raw bytes that the caller made as `data` says. */
  volume: ParsedVolume
  data: NrrdData
}

/**
 * Reads the header of an NRRD file, attached or detached, version 1 to 5.
 *
 * @param name  of the file, for messages
 * @param bytes head of the file; the whole header must lie in it
 * @throws {DomainError} `format_unknown`, `format_header_invalid`, `format_unsupported`,
 *   `format_detached_data_missing`
 * @see https://teem.sourceforge.net/nrrd/format.html
 */
export function parseNrrd(name: string, bytes: Uint8Array): ParsedNrrd {
  const text = readNrrdText(name, bytes)
  const warnings: VolumeWarning[] = []
  const dtype = dtypeOf(name, required(name, text, 'type'))
  const sizes = readSizes(name, text)
  const stored = readSpace(name, text.fields, sizes.length)
  const axes = volumeAxes(name, { sizes, kinds: stored.kinds, directions: stored.directions }, warnings)
  const data = readData(name, text, sizes, axes.totalVoxels * BYTES_PER_VOXEL[dtype])
  const isLittleEndian = readEndian(name, text, dtype, data.encoding, warnings)
  warnIgnored(text, warnings)
  const header: VolumeHeader = {
    format: 'nrrd',
    shapeZyx: axes.shapeZyx,
    numVolumes: axes.numVolumes,
    dtype,
    ...placeOf(stored, axes.xyz, warnings),
    scaling: null,
    geometry: geometryOf(stored, axes.xyz),
    warnings,
    raw: rawOf(text),
  }
  return { volume: { header, layout: layoutOf(axes, isLittleEndian) }, data }
}

function layoutOf({ totalVoxels, stridesXyz }: VolumeAxes, isLittleEndian: boolean): ParsedVolume['layout'] {
  const layout = { offsetBytes: 0, isLittleEndian, totalVoxels, isPacked4Bit: false }
  return { ...layout, storedAxes: [0, 1, 2], ...(stridesXyz && { stridesXyz }) }
}

function required(name: string, text: NrrdText, field: string): string {
  const value = text.fields.get(field)
  if (value === undefined) throw invalid(name, `the field ${field} is missing`)
  return value
}

function readSizes(name: string, text: NrrdText): number[] {
  const dimension = wholeNumber(name, 'dimension', required(name, text, 'dimension'))
  if (dimension < 1 || dimension > MAX_AXES) throw invalid(name, `dimension is ${dimension}`)
  if (dimension > MAX_READ_AXES) {
    throw new DomainError('format_unsupported', { name, kind: `data of ${dimension} dimensions` })
  }
  return words(name, 'sizes', required(name, text, 'sizes'), dimension).map((word) => wholeNumber(name, 'sizes', word))
}

function readData(name: string, text: NrrdText, sizes: number[], expectedBytes: number): NrrdData {
  const detached = text.fields.get('data file')
  return {
    encoding: readEncoding(name, text),
    headerBytes: text.headerBytes,
    lineSkip: readSkip(name, text, 'line skip', 0),
    byteSkip: readSkip(name, text, 'byte skip', -1),
    dataFiles: detached === undefined ? null : dataFileNames(name, detached, text.listedFiles, sizes),
    expectedBytes,
  }
}

function readEncoding(name: string, text: NrrdText): NrrdData['encoding'] {
  const value = required(name, text, 'encoding')
  const spelling = value.toLowerCase()
  if (Object.hasOwn(ENCODINGS, spelling)) return ENCODINGS[spelling]
  if (spelling === 'hex') throw new DomainError('format_unsupported', { name, kind: 'hexadecimal data' })
  throw invalid(name, `the encoding ${shown(value)} is unknown`)
}

function readSkip(name: string, text: NrrdText, field: string, least: number): number {
  const skip = wholeNumber(name, field, text.fields.get(field) ?? '0')
  if (skip < least) throw invalid(name, `${field} is ${skip}`)
  return skip
}

/** Byte order of the data; a missing one is taken as little, with a warning where it matters. */
function readEndian(
  name: string,
  text: NrrdText,
  dtype: DType,
  encoding: NrrdData['encoding'],
  warnings: VolumeWarning[],
): boolean {
  const value = text.fields.get('endian')
  const matters = BYTES_PER_VOXEL[dtype] > 1 && encoding !== 'ascii'
  if (value !== undefined && !/^(little|big)$/i.test(value)) throw invalid(name, `endian is ${shown(value)}`)
  if (value === undefined && matters) {
    warnings.push({ code: 'endian_missing', message: 'The file does not give its byte order; little is assumed.' })
  }
  return !matters || value?.toLowerCase() !== 'big'
}

function warnIgnored(text: NrrdText, warnings: VolumeWarning[]): void {
  const { fields, unknownFields } = text
  if (fields.has('old min') || fields.has('old max')) {
    const message = 'The values were mapped from another range (old min, old max); they are shown as stored.'
    warnings.push({ code: 'old_range_ignored', message })
  }
  if (unknownFields.length > 0) {
    warnings.push({ code: 'unknown_field', message: `Fields not known: ${shown(unknownFields.join(', '))}.` })
  }
}

/** The header as text by field, keys of `key:=value` lines in a place of their own. */
function rawOf({ magic, fields, keyValues, listedFiles }: NrrdText): Record<string, unknown> {
  return {
    magic,
    ...Object.fromEntries(fields),
    ...(listedFiles.length > 0 ? { 'data file list': listedFiles } : {}),
    ...(keyValues.size > 0 ? { 'key/value pairs': Object.fromEntries(keyValues) } : {}),
  }
}
