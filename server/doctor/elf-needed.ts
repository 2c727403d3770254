/** What a shared library asks the system's loader for. */
export interface NeededLibraries {
  /** Names of libraries, e.g. `libcublas.so.12`. */
  needed: string[]
  /** Folders of the library's own RPATH or RUNPATH, `$ORIGIN` as it is. */
  searchPath: string[]
}

/** Reads bytes of a file; fewer where it ends. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>

/** Tables of a sound library are far smaller; a larger one is a broken file. */
const MOST_TABLE_BYTES = 64 * 1024 * 1024

const PROGRAM_HEADER_BYTES = 56
const LOAD = 1
const DYNAMIC = 2
const TAG = { end: 0, needed: 1, stringTable: 5, stringTableBytes: 10, rpath: 15, runpath: 29 } as const

/**
 * Libraries that an ELF shared library needs at its start; null for a file that is no 64-bit little-endian ELF.
 * Libraries that it opens later by itself are not among them.
 * @see System V ABI, chapter 5, Dynamic Section
 */
export async function readNeeded(read: ReadAt): Promise<NeededLibraries | null> {
  const header = await read(0, 64)
  const isElf = header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1
  if (!isElf) return null
  const segments = await readSegments(read, header)
  const dynamic = segments.find((one) => one.type === DYNAMIC)
  if (!dynamic) return { needed: [], searchPath: [] }
  const entries = dynamicEntries(await readTable(read, dynamic.offset, dynamic.fileBytes))
  const entryOf = (tag: number) => entries.find((entry) => entry.tag === tag)?.value
  const address = entryOf(TAG.stringTable)
  const stringBytes = entryOf(TAG.stringTableBytes)
  const home = segments.find(
    (one) =>
      one.type === LOAD && address !== undefined && address >= one.address && address < one.address + one.fileBytes,
  )
  if (address === undefined || stringBytes === undefined || !home) return null
  const strings = await readTable(read, address - home.address + home.offset, stringBytes)
  const textOf = (offset: number) => strings.toString('latin1', offset, Math.max(offset, strings.indexOf(0, offset)))
  const path = entryOf(TAG.runpath) ?? entryOf(TAG.rpath)
  return {
    needed: entries.filter((entry) => entry.tag === TAG.needed).map((entry) => textOf(entry.value)),
    searchPath: path === undefined ? [] : textOf(path).split(':').filter(Boolean),
  }
}

interface Segment {
  type: number
  offset: number
  address: number
  fileBytes: number
}

async function readSegments(read: ReadAt, header: Buffer): Promise<Segment[]> {
  const count = header.readUInt16LE(56)
  const table = await readTable(read, Number(header.readBigUInt64LE(32)), count * PROGRAM_HEADER_BYTES)
  const numWhole = Math.floor(table.length / PROGRAM_HEADER_BYTES)
  return Array.from({ length: numWhole }, (_, index) => {
    const at = index * PROGRAM_HEADER_BYTES
    const word = (offset: number) => Number(table.readBigUInt64LE(at + offset))
    return { type: table.readUInt32LE(at), offset: word(8), address: word(16), fileBytes: word(32) }
  })
}

function dynamicEntries(table: Buffer): { tag: number; value: number }[] {
  const entries: { tag: number; value: number }[] = []
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = Number(table.readBigInt64LE(at))
    if (tag === TAG.end) break
    entries.push({ tag, value: Number(table.readBigUInt64LE(at + 8)) })
  }
  return entries
}

async function readTable(read: ReadAt, offset: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(offset) || length > MOST_TABLE_BYTES) return Buffer.alloc(0)
  return read(offset, length)
}
