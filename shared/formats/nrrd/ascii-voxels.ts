import { DomainError } from '../../errors/domain-error.ts'
import type { DType, VoxelArray } from '../../volume/dtype.ts'

/** 64 Ki voxels to begin with, doubled as numbers arrive: a header that lies about its size costs nothing. */
const FIRST_CAPACITY_VOX = 65_536
/** Longest number in text: a double takes 24 characters, some programs print more digits. */
const MAX_NUMBER_CHARS = 128

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
} as const

/**
 * Voxels from the text of an ASCII-encoded NRRD, fed in chunks of any length.
 *
 * Two states: between numbers, and inside one (`token` holds its characters so far). White space and commas move
 * from the second to the first. `finish` ends the last number and hands the voxels over.
 *
 * @see https://teem.sourceforge.net/nrrd/format.html §5, "encoding: ascii"
 */
export class AsciiVoxels {
  private readonly name: string
  private readonly dtype: DType
  private readonly numVoxels: number
  private voxels: VoxelArray
  private count = 0
  private token = ''

  /** @param numVoxels that the header announces. @throws {DomainError} `dtype_not_supported_by_format` */
  constructor(name: string, dtype: DType, numVoxels: number) {
    if (dtype === 'float16') throw new DomainError('dtype_not_supported_by_format', { format: 'NRRD', dtype })
    this.name = name
    this.dtype = dtype
    this.numVoxels = numVoxels
    this.voxels = new ARRAYS[dtype](Math.min(numVoxels, FIRST_CAPACITY_VOX))
  }

  /** Takes the next bytes of the text. @throws {DomainError} `format_corrupt_stream` */
  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (isSeparator(byte)) this.endNumber()
      else if (this.token.length < MAX_NUMBER_CHARS) this.token += String.fromCharCode(byte)
      else throw this.refused(`“${this.token.slice(0, 40)}…” is not a number`)
    }
  }

  /** All voxels; the buffer belongs to the caller. @throws {DomainError} `format_corrupt_stream` */
  finish(): VoxelArray {
    this.endNumber()
    if (this.count !== this.numVoxels) {
      throw this.refused(`it holds ${this.count} numbers, its header asks for ${this.numVoxels}`)
    }
    return this.voxels
  }

  private endNumber(): void {
    if (this.token === '') return
    if (this.count === this.numVoxels) throw this.refused(`it holds more than ${this.numVoxels} numbers`)
    if (this.count === this.voxels.length) this.grow()
    this.store(this.token)
    this.count++
    this.token = ''
  }

  private grow(): void {
    const longer = new ARRAYS[this.dtype](Math.min(this.numVoxels, this.voxels.length * 2))
    // Same type on both sides by construction; the union of array types hides it.
    ;(longer as Float64Array).set(this.voxels as Float64Array)
    this.voxels = longer
  }

  private store(token: string): void {
    const { voxels, count } = this
    const isReal = voxels instanceof Float32Array || voxels instanceof Float64Array
    if (isReal) voxels[count] = this.realNumber(token)
    else if (!/^[+-]?\d+$/.test(token)) throw this.refused(`“${token.slice(0, 40)}” is not a whole number`)
    else if (voxels instanceof BigInt64Array || voxels instanceof BigUint64Array) {
      const value = BigInt(token.replace(/^\+/, ''))
      voxels[count] = value
      if (voxels[count] !== value) throw this.refused(`${token} does not fit ${this.dtype}`)
    } else {
      voxels[count] = Number(token)
      if (voxels[count] !== Number(token)) throw this.refused(`${token} does not fit ${this.dtype}`)
    }
  }

  private realNumber(token: string): number {
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(token)) return Number(token)
    if (/^[+-]?nan$/i.test(token)) return Number.NaN
    if (/^[+-]?inf(inity)?$/i.test(token)) return token.startsWith('-') ? -Infinity : Infinity
    throw this.refused(`“${token.slice(0, 40)}” is not a number`)
  }

  private refused(reason: string): DomainError {
    const message = `The text data of ${this.name} cannot be read: ${reason}.`
    return new DomainError('format_corrupt_stream', { name: this.name, reason, message })
  }
}

/** Space, tab, line feed, vertical tab, form feed, carriage return, comma. */
function isSeparator(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13) || byte === 44
}
