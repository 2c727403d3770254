import { DomainError } from '../../errors/domain-error.ts'
import { invalid, wholeNumber } from './nrrd-values.ts'

/** Most files that one header may name: slices of the longest axis that is believed, within reason. */
const MAX_DATA_FILES = 100_000

/** Longest value that is taken apart; a name has at most 255 characters, the numbers after it a few dozen. */
const MAX_VALUE_CHARS = 1024

const NUMBERED = /^(\S.*?)\s+([+-]?\d+)\s+([+-]?\d+)\s+([+-]?\d+)(?:\s+(\d+))?$/
const CONVERSION = /%(0?)(\d{0,2})[du]/

/**
 * Names of the files that hold the voxels of a detached header, in the order in which they follow each other.
 *
 * Three forms: one name; `LIST [subdim]` with the names on the lines after it; `pattern%03d.raw min max step [subdim]`.
 *
 * @param value  the `data file` field
 * @param listed lines after `LIST`
 * @param sizes  of the axes, fastest first
 * @throws {DomainError} `format_detached_data_missing` for names outside the header's folder, `format_header_invalid`
 * @see https://teem.sourceforge.net/nrrd/format.html §6, "data file"
 */
export function dataFileNames(name: string, value: string, listed: string[], sizes: readonly number[]): string[] {
  if (value.length > MAX_VALUE_CHARS) throw invalid(name, `data file is ${value.length} characters long`)
  const list = /^LIST(?:\s+(\d+))?$/.exec(value)
  const numbered = NUMBERED.exec(value)
  if (list) return checked(name, listed, list[1], sizes)
  if (numbered && CONVERSION.test(numbered[1])) {
    return checked(name, numberedNames(name, numbered), numbered[5], sizes)
  }
  return [plainName(name, value)]
}

function numberedNames(name: string, [, pattern, ...numbers]: RegExpExecArray): string[] {
  const [first, last, step] = numbers.slice(0, 3).map((text) => wholeNumber(name, 'data file', text))
  const count = step === 0 ? 0 : Math.floor((last - first) / step) + 1
  if (!(count >= 1 && count <= MAX_DATA_FILES))
    throw invalid(name, `data file counts from ${first} to ${last} by ${step}`)
  return Array.from({ length: count }, (_, index) => printed(pattern, first + index * step))
}

/** `pattern` with its `%d` replaced as C's printf would. */
function printed(pattern: string, number: number): string {
  return pattern.replace(CONVERSION, (_, zero: string, width: string) => {
    const digits = String(Math.abs(number))
    const sign = number < 0 ? '-' : ''
    return zero
      ? sign + digits.padStart(Number(width) - sign.length, '0')
      : (sign + digits).padStart(Number(width), ' ')
  })
}

/** Names checked one by one, and their number against the axes that they have to fill. */
function checked(name: string, files: string[], subdim: string | undefined, sizes: readonly number[]): string[] {
  const dimension = subdim === undefined ? sizes.length - 1 : Number(subdim)
  if (files.length === 0 || files.length > MAX_DATA_FILES || dimension > sizes.length || (subdim && dimension < 1)) {
    throw invalid(name, `data file names ${files.length} files of dimension ${dimension}`)
  }
  const fits =
    dimension === sizes.length
      ? sizes[dimension - 1] % files.length === 0
      : sizes.slice(dimension).reduce((a, b) => a * b, 1) === files.length
  if (!fits) throw invalid(name, `${files.length} data files do not fill axes of ${sizes.join(' × ')}`)
  return files.map((file) => plainName(name, file))
}

/** A name in the header's own folder or below; anything that leads elsewhere is refused, never followed. */
function plainName(name: string, written: string): string {
  const file = written.replace(/^(\.\/+)+/, '')
  const parts = file.split('/')
  const isAbsolute = parts[0] === '' && parts.length > 1
  const isPlain = (part: string) => part !== '' && part !== '.' && part !== '..' && part.length <= 255
  const isSafe = !/[\\\p{Cc}]/u.test(file) && !/^[A-Za-z]:/.test(file)
  if (isSafe && (isAbsolute ? parts.slice(1) : parts).every(isPlain)) return file
  throw new DomainError('format_detached_data_missing', { name, dataName: written.slice(0, 200) })
}
