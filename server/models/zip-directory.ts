import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ByteSource } from '../../shared/volume/header.ts'

/** A file inside a zip archive, as its directory announces it. */
export interface ZipEntry {
  name: string
  isFolder: boolean
  method: 'stored' | 'deflated'
  crc32: number
  packedBytes: number
  plainBytes: number
  /** First byte of its packed content in the archive. */
  dataStart: number
}

/** What an archive may announce. */
export interface ZipLimits {
  entries: number
  /** All contents together, unpacked. */
  totalBytes: number
  /** Unpacked bytes per packed byte of one entry; deflate reaches 1032. Small entries are free. */
  ratio: number
}

/** The ratio of an entry that unpacks to less than this does not matter. */
const SMALL_BYTES = 1024 * 1024

/** A directory of hundreds of entries takes a tenth of this. */
const MOST_DIRECTORY_BYTES = 1024 * 1024

const END = { signature: 0x06054b50, bytes: 22, mostComment: 0xffff } as const
const ZIP64_LOCATOR = { signature: 0x07064b50, bytes: 20 } as const
const CENTRAL = { signature: 0x02014b50, bytes: 46 } as const
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const
/** Bits of the flags; the first stands for every kind of encryption. */
const FLAGS = { encrypted: 0x1 | 0x40 | 0x2000, sizesFollow: 0x8 } as const

/** File types of Unix in the upper half of the external attributes. */
const UNIX = { mask: 0o170000, file: 0o100000, folder: 0o040000, link: 0o120000 } as const

interface CentralEntry {
  entry: Omit<ZipEntry, 'dataStart'>
  methodCode: number
  nameBytes: Buffer
  headerStart: number
}

/**
 * Reads and checks the directory of a zip archive; nothing is unpacked. Names are relative paths with `/` that stay inside
 * the folder they are unpacked to, each once; contents do not overlap. What one reader takes so and another otherwise is
 * refused: bytes before or behind the archive, headers that contradict the directory.
 * @throws {DomainError} `model_archive_invalid`
 * @see APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3 and 4.4
 */
export async function readZipDirectory(source: ByteSource, limits: ZipLimits): Promise<ZipEntry[]> {
  const { directory, numEntries, directoryStart } = await readEnd(source, limits)
  const found: CentralEntry[] = []
  for (let at = 0; found.length < numEntries; ) {
    const { next, ...one } = readCentral(directory, at)
    found.push(one)
    at = next
    if (found.length === numEntries && at !== directory.length)
      refuse('its directory has bytes that belong to no entry')
  }
  checkTogether(
    found.map(({ entry }) => entry),
    limits,
  )
  const entries: ZipEntry[] = []
  let free = 0
  for (const one of [...found].sort((a, b) => a.headerStart - b.headerStart)) {
    if (entries.length === 0 && one.headerStart > 0) refuse('bytes lie before its first entry')
    if (one.headerStart < free) refuse(`the content of ${one.entry.name} overlaps another`)
    const dataStart = await readLocal(source, one, directoryStart)
    free = dataStart + one.entry.packedBytes
    if (free > directoryStart) refuse(`the content of ${one.entry.name} is cut off`)
    entries.push({ ...one.entry, dataStart })
  }
  return entries
}

/** Refuses an archive. */
export function refuse(reason: string, cause?: unknown): never {
  throw new DomainError('model_archive_invalid', { reason, ...(cause === undefined ? {} : { cause }) })
}

async function readBytes(source: ByteSource, start: number, length: number): Promise<Buffer> {
  const bytes = await source.read(start, length)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

async function readEnd(source: ByteSource, limits: ZipLimits) {
  const tailBytes = Math.min(source.sizeBytes, END.bytes + END.mostComment)
  const tail = await readBytes(source, source.sizeBytes - tailBytes, tailBytes)
  let at = tail.length - END.bytes
  while (
    at >= 0 &&
    !(tail.readUInt32LE(at) === END.signature && at + END.bytes + tail.readUInt16LE(at + 20) === tail.length)
  )
    at--
  if (at < 0) refuse('it is not a zip archive, or it is cut off')
  const isZip64 = at >= ZIP64_LOCATOR.bytes && tail.readUInt32LE(at - ZIP64_LOCATOR.bytes) === ZIP64_LOCATOR.signature
  const [disk, directoryDisk, here, numEntries] = [4, 6, 8, 10].map((offset) => tail.readUInt16LE(at + offset))
  const [directoryBytes, directoryStart] = [12, 16].map((offset) => tail.readUInt32LE(at + offset))
  if (isZip64 || numEntries === 0xffff || directoryStart === 0xffffffff)
    refuse('it is a ZIP64 archive; pack it without')
  if (disk !== 0 || directoryDisk !== 0 || here !== numEntries) refuse('it is one part of several')
  if (numEntries > limits.entries) refuse(`it has ${numEntries} entries, at most ${limits.entries} are accepted`)
  if (directoryStart + directoryBytes !== source.sizeBytes - tailBytes + at || directoryBytes > MOST_DIRECTORY_BYTES)
    refuse('its directory does not lie where it says')
  return { directory: await readBytes(source, directoryStart, directoryBytes), numEntries, directoryStart }
}

function readCentral(directory: Buffer, at: number): CentralEntry & { next: number } {
  if (at + CENTRAL.bytes > directory.length || directory.readUInt32LE(at) !== CENTRAL.signature)
    refuse('its directory is damaged')
  const [flags, methodCode] = [directory.readUInt16LE(at + 8), directory.readUInt16LE(at + 10)]
  const [crc32, packedBytes, plainBytes] = [16, 20, 24].map((offset) => directory.readUInt32LE(at + offset))
  const [nameLength, extraLength, commentLength, disk] = [28, 30, 32, 34].map((offset) =>
    directory.readUInt16LE(at + offset),
  )
  const nameEnd = at + CENTRAL.bytes + nameLength
  const next = nameEnd + extraLength + commentLength
  if (next > directory.length) refuse('its directory is damaged')
  const nameBytes = directory.subarray(at + CENTRAL.bytes, nameEnd)
  const name = readName(nameBytes)
  const isFolder = name.endsWith('/')
  if (flags & FLAGS.encrypted) refuse(`${name} is encrypted`)
  if (methodCode !== 0 && methodCode !== 8) refuse(`${name} is packed with method ${methodCode}; use deflate`)
  checkType(name, isFolder, directory.readUInt32LE(at + 38) >>> 16)
  const headerStart = directory.readUInt32LE(at + 42)
  if (packedBytes === 0xffffffff || plainBytes === 0xffffffff || headerStart === 0xffffffff)
    refuse(`${name} is a ZIP64 entry; pack it without`)
  if (disk !== 0) refuse('it is one part of several')
  if (isFolder && plainBytes > 0) refuse(`${name} is a folder with content`)
  if (methodCode === 0 && packedBytes !== plainBytes) refuse(`${name} is stored in another size than it has`)
  const method = methodCode === 0 ? 'stored' : 'deflated'
  const entry = { name, isFolder, method, crc32, packedBytes, plainBytes } as const
  return { entry, methodCode, nameBytes, headerStart, next }
}

/** The name of an entry, if nothing but a place inside the folder can be meant by it. */
function readName(bytes: Buffer): string {
  const name = bytes.toString('utf8')
  const shown = JSON.stringify(name.slice(0, 100))
  if (name === '' || name.length > 512 || /[\p{Cc}\ufffd]/u.test(name)) refuse(`the name ${shown} is not accepted`)
  if (name.includes('\\')) refuse(`the name ${shown} has a backslash`)
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) refuse(`the name ${shown} is an absolute path`)
  const steps = name.replace(/\/$/, '').split('/')
  if (steps.includes('..')) refuse(`the name ${shown} leads out of the archive`)
  if (steps.includes('.') || steps.includes('')) refuse(`the name ${shown} is not accepted`)
  return name
}

function checkType(name: string, isFolder: boolean, unixMode: number): void {
  const type = unixMode & UNIX.mask
  if (type === UNIX.link) refuse(`${name} is a symbolic link`)
  if (type !== 0 && type !== (isFolder ? UNIX.folder : UNIX.file)) refuse(`${name} is not a plain file`)
}

function checkTogether(entries: readonly Omit<ZipEntry, 'dataStart'>[], limits: ZipLimits): void {
  const seen = new Set<string>()
  let total = 0
  for (const { name, packedBytes, plainBytes } of entries) {
    // Some disks know no difference between these.
    const place = name.replace(/\/$/, '').normalize('NFC').toLowerCase()
    if (seen.has(place)) refuse(`the name ${name} is there twice`)
    seen.add(place)
    if (plainBytes > SMALL_BYTES && plainBytes > limits.ratio * packedBytes)
      refuse(`${name} unpacks from ${packedBytes} to ${plainBytes} bytes, more than ${limits.ratio} times`)
    total += plainBytes
    if (total > limits.totalBytes) refuse(`it unpacks to more than ${limits.totalBytes} bytes`)
  }
}

/** Checks the header before an entry's content against the directory. @returns where the content begins */
async function readLocal(source: ByteSource, central: CentralEntry, directoryStart: number): Promise<number> {
  const { entry, nameBytes, headerStart } = central
  const { name } = entry
  const length = LOCAL.bytes + nameBytes.length
  if (headerStart + length > directoryStart) refuse(`the content of ${name} is cut off`)
  const header = await readBytes(source, headerStart, length)
  const [flags, methodCode] = [header.readUInt16LE(6), header.readUInt16LE(8)]
  const [nameLength, extraLength] = [header.readUInt16LE(26), header.readUInt16LE(28)]
  const isSame =
    header.readUInt32LE(0) === LOCAL.signature &&
    nameLength === nameBytes.length &&
    header.subarray(LOCAL.bytes).equals(nameBytes) &&
    methodCode === central.methodCode &&
    (flags & FLAGS.encrypted) === 0
  if (!isSame) refuse(`the header of ${name} contradicts the directory`)
  const announced = [entry.crc32, entry.packedBytes, entry.plainBytes]
  if (header.readUInt32LE(18) === 0xffffffff) refuse(`${name} is a ZIP64 entry; pack it without`)
  const isAnnounced = announced.every((value, i) => header.readUInt32LE(14 + 4 * i) === value)
  if (!isAnnounced && !(flags & FLAGS.sizesFollow)) refuse(`the header of ${name} contradicts the directory`)
  return headerStart + length + extraLength
}
