import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ByteSource } from '../../shared/volume/header.ts'

/** Words of an MRC header that a test sets; the rest is an ordinary file of shape [3, 5, 7] as x 7, y 5, z 3. */
export interface MrcWords {
  n?: number[]
  mode?: number
  nstart?: number[]
  m?: number[]
  cell?: number[]
  angles?: number[]
  mapcrs?: number[]
  dminMaxMean?: number[]
  ispg?: number
  nsymbt?: number
  exttyp?: string
  imod?: [stamp: number, flags: number]
  origin?: number[]
  map?: string
  machst?: number[]
  isLittle?: boolean
  /** What follows the main header: extended header and voxels. */
  body?: Uint8Array
}

/** Bytes of an MRC file, word by word as MRC2014 places them. */
export function mrcBytes(words: MrcWords = {}): Uint8Array {
  const { isLittle = true, n = [7, 5, 3], body = new Uint8Array(0) } = words
  const bytes = new Uint8Array(1024 + body.length)
  const view = new DataView(bytes.buffer)
  const ints = (offset: number, values: number[]) => {
    for (const [i, value] of values.entries()) view.setInt32(offset + 4 * i, value, isLittle)
  }
  const floats = (offset: number, values: number[]) => {
    for (const [i, value] of values.entries()) view.setFloat32(offset + 4 * i, value, isLittle)
  }
  const text = (offset: number, value: string) => bytes.set(Buffer.from(value, 'latin1'), offset)
  ints(0, [...n, words.mode ?? 1, ...(words.nstart ?? [0, 0, 0]), ...(words.m ?? n)])
  floats(40, [...(words.cell ?? [70, 50, 30]), ...(words.angles ?? [90, 90, 90])])
  ints(64, words.mapcrs ?? [1, 2, 3])
  floats(76, words.dminMaxMean ?? [0, 0, 0])
  ints(88, [words.ispg ?? 1, words.nsymbt ?? 0])
  text(104, words.exttyp ?? '')
  ints(152, words.imod ?? [0, 0])
  floats(196, words.origin ?? [0, 0, 0])
  text(208, words.map ?? 'MAP ')
  bytes.set(words.machst ?? (isLittle ? [0x44, 0x44, 0, 0] : [0x11, 0x11, 0, 0]), 212)
  bytes.set(body, 1024)
  return bytes
}

/** Bytes of 16-bit whole numbers in either byte order. */
export function int16Bytes(values: ArrayLike<number>, isLittle = true): Uint8Array {
  const bytes = new Uint8Array(2 * values.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) view.setInt16(2 * i, values[i], isLittle)
  return bytes
}

/** A byte source over memory, as strict about its end as a file. */
export function memorySource(bytes: Uint8Array, name = 'a.mrc'): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > bytes.length)
        throw new DomainError('format_truncated', { name, foundBytes: bytes.length, expectedBytes: offset + length })
      return bytes.slice(offset, offset + length)
    },
    close: async () => undefined,
  }
}

/** Code of the problem that an action is refused with; 'ok' when it is not. Other errors go through. */
export async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action()
  } catch (error) {
    if (error instanceof DomainError) return error.code
    throw error
  }
  return 'ok'
}
