import { DomainError } from '../../errors/domain-error.ts'
import type { DType } from '../../volume/dtype.ts'
import type { LengthUnit } from '../../volume/header.ts'

/** Longest value that is taken apart: 16 axes of three long numbers are under 2 kB. */
const MAX_VALUE_CHARS = 4096

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Every spelling of a voxel type. @see https://teem.sourceforge.net/nrrd/format.html §5, "type" */
const TYPE_SPELLINGS: Readonly<Record<string, DType>> = Object.fromEntries(
  (
    [
      ['int8', 'signed char|int8|int8_t'],
      ['uint8', 'uchar|unsigned char|uint8|uint8_t'],
      ['int16', 'short|short int|signed short|signed short int|int16|int16_t'],
      ['uint16', 'ushort|unsigned short|unsigned short int|uint16|uint16_t'],
      ['int32', 'int|signed int|int32|int32_t'],
      ['uint32', 'uint|unsigned int|uint32|uint32_t'],
      ['int64', 'longlong|long long|long long int|signed long long|signed long long int|int64|int64_t'],
      ['uint64', 'ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t'],
      ['float32', 'float'],
      ['float64', 'double'],
    ] as const
  ).flatMap(([dtype, spellings]) => spellings.split('|').map((spelling) => [spelling, dtype])),
)

const UNIT_SPELLINGS: readonly [LengthUnit, RegExp][] = [
  ['angstrom', /^(å|a|ang|(å|a)ngstr(o|ö)ms?)$/],
  ['nm', /^(nm|nanomet(er|re)s?)$/],
  ['um', /^(um|µm|μm|microns?|micromet(er|re)s?)$/],
  ['mm', /^(mm|millimet(er|re)s?)$/],
  ['m', /^(m|met(er|re)s?)$/],
]

/** Refusal of a header, with its reason. */
export function invalid(name: string, reason: string): DomainError {
  return new DomainError('format_header_invalid', { name, reason })
}

/** A value as messages show it. */
export function shown(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value
}

/** Stored type of a `type` field. @throws {DomainError} `format_unsupported`, `format_header_invalid` */
export function dtypeOf(name: string, spelling: string): DType {
  const words = spelling.toLowerCase().replaceAll(/\s+/g, ' ')
  if (words === 'block') throw new DomainError('format_unsupported', { name, kind: 'opaque blocks' })
  if (Object.hasOwn(TYPE_SPELLINGS, words)) return TYPE_SPELLINGS[words]
  throw invalid(name, `the type ${shown(spelling)} is unknown`)
}

/** Unit of length that a text names; null for others. The Ångström sign (U+212B) counts as Å. */
export function lengthUnitOf(text: string): LengthUnit | null {
  const word = text.trim().normalize('NFC').toLowerCase()
  return UNIT_SPELLINGS.find(([, spelling]) => spelling.test(word))?.[0] ?? null
}

/** Whole number of a field. @throws {DomainError} `format_header_invalid` */
export function wholeNumber(name: string, field: string, value: string): number {
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw invalid(name, `${field} is ${shown(value)}, not a whole number`)
}

/** Numbers of a field, one for each of `count` axes; `nan` and `inf` are allowed. @throws `format_header_invalid` */
export function numbersOf(name: string, field: string, value: string, count: number): number[] {
  return words(name, field, value, count).map((word) => numberOf(name, field, word))
}

/** Words of a field, one for each of `count` axes. @throws {DomainError} `format_header_invalid` */
export function words(name: string, field: string, value: string, count: number): string[] {
  checkLength(name, field, value)
  return checkCount(name, field, value.split(/\s+/).filter(Boolean), count)
}

/** Quoted (or bare) texts of a field, one for each of `count` axes. @throws {DomainError} `format_header_invalid` */
export function quotedTexts(name: string, field: string, value: string, count: number): string[] {
  checkLength(name, field, value)
  const texts = [...value.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    (match) => match[1]?.replaceAll(/\\(.)/g, '$1') ?? match[2],
  )
  return checkCount(name, field, texts, count)
}

/**
 * Vectors such as `(1,0,0) none (0,0,1)`, one for each of `count` axes; null for `none`.
 * @param length numbers in each vector
 * @throws {DomainError} `format_header_invalid`
 */
export function vectorsOf(
  name: string,
  field: string,
  value: string,
  { count, length }: { count: number; length: number },
): (number[] | null)[] {
  checkLength(name, field, value)
  if (/[^\s]/.test(value.replaceAll(/\([^()]*\)|none/gi, ' '))) throw invalid(name, `${field} is ${shown(value)}`)
  const vectors = [...value.matchAll(/\(([^()]*)\)|none/gi)].map((match) =>
    match[1] === undefined ? null : vectorOf(name, field, match[1], length),
  )
  return checkCount(name, field, vectors, count)
}

function vectorOf(name: string, field: string, inside: string, length: number): number[] {
  const numbers = inside.split(',').map((word) => numberOf(name, field, word.trim()))
  return checkCount(name, field, numbers, length)
}

function numberOf(name: string, field: string, word: string): number {
  if (NUMBER.test(word)) return Number(word)
  const special = word.toLowerCase()
  if (/^[+-]?nan$/.test(special)) return Number.NaN
  if (/^[+-]?inf(inity)?$/.test(special)) return special[0] === '-' ? -Infinity : Infinity
  throw invalid(name, `${field} has ${shown(word)} where a number belongs`)
}

function checkLength(name: string, field: string, value: string): void {
  if (value.length > MAX_VALUE_CHARS) throw invalid(name, `${field} is ${value.length} characters long`)
}

function checkCount<T>(name: string, field: string, items: T[], count: number): T[] {
  if (items.length === count) return items
  throw invalid(name, `${field} has ${items.length} values, not ${count}`)
}
