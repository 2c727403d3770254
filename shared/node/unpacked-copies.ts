import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../errors/domain-error.ts'

/** Rises whenever files are unpacked in another way. */
const COPY_VERSION = 1
const FACTS = 'copy.json'
const DATA = 'volume'
// What is being unpacked was written to a moment ago; an older one was left by a crash.
const LEFT_AFTER_MS = 10 * 60 * 1000

/** What is unpacked. */
export interface PackedPart {
  file: string
  compression: string
  /** Compressed data begin at this byte. */
  startByte: number
  /** Told by a header elsewhere; null where the packed data say it themselves. */
  neededBytes: number | null
}

/** An unpacked copy in a folder of its own, its data under `volume`. */
export interface UnpackedCopy {
  path: string
  remove(): Promise<void>
}

/**
 * Unpacked copies of compressed files, kept between openings for as long as the file is the same: by path, size and
 * time of change. Bounded in bytes; the one not used for longest goes first. Several processes may share a folder: a copy
 * is made under another name and renamed when it is whole, and one that goes while it is read stays readable.
 */
export class UnpackedCopies {
  private readonly folder: string
  private readonly mostBytes: number

  /** @param mostBytes of all copies together; never more than a quarter of what is free on the disk */
  constructor(folder: string, mostBytes: number) {
    this.folder = folder
    this.mostBytes = mostBytes
  }

  /**
   * The copy of a packed part; made where there is none. One that is larger than all copies may be goes when it is removed.
   * @param unpack makes a copy in a new folder inside the one that it is given
   * @throws {DomainError} what `unpack` throws
   */
  async open(part: PackedPart, unpack: (tempDir: string) => Promise<UnpackedCopy>): Promise<UnpackedCopy> {
    const target = path.join(this.folder, await keyOf(part))
    const known = await this.find(target)
    if (known) return known
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const made = await this.make(unpack)
    const { size } = await stat(made.path)
    if (size > (await this.room())) return made
    await this.clean(size)
    const folder = path.dirname(made.path)
    await writeFile(path.join(folder, FACTS), JSON.stringify({ version: COPY_VERSION, size_bytes: size }))
    // Another process may have made the same one meanwhile.
    const isKept = await rename(folder, target).then(
      () => true,
      () => false,
    )
    return isKept ? keptCopy(target) : made
  }

  private async find(folder: string): Promise<UnpackedCopy | null> {
    if ((await sizeOf(folder)) === null) {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined)
      return null
    }
    const now = new Date()
    await utimes(path.join(folder, FACTS), now, now).catch(() => undefined)
    return keptCopy(folder)
  }

  /** Where the disk is full, the kept copies make room once. */
  private async make(unpack: (tempDir: string) => Promise<UnpackedCopy>): Promise<UnpackedCopy> {
    try {
      return await unpack(this.folder)
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'disk_full')) throw error
      await this.clean(Number.POSITIVE_INFINITY)
      return unpack(this.folder)
    }
  }

  private async room(): Promise<number> {
    const { bavail, bsize } = await statfs(this.folder)
    return Math.min(this.mostBytes, Math.floor((bavail * bsize) / 4))
  }

  /** Removes what crashes left, and the copies not used for longest until `needBytes` more fit. */
  private async clean(needBytes: number): Promise<void> {
    const copies: { folder: string; bytes: number; usedMs: number }[] = []
    for (const name of await readdir(this.folder)) {
      const folder = path.join(this.folder, name)
      const bytes = await sizeOf(folder)
      // Another process may have removed it a moment ago.
      const used = await stat(path.join(folder, FACTS)).catch(() => null)
      if (bytes !== null && used) copies.push({ folder, bytes, usedMs: used.mtimeMs })
      else if (await isLeft(folder)) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
    }
    let total = copies.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { folder, bytes } of copies.toSorted((a, b) => a.usedMs - b.usedMs)) {
      if (total + needBytes <= this.mostBytes) break
      // Some systems keep a file that is being read; it goes another time.
      await rm(folder, { recursive: true, force: true }).catch(() => undefined)
      total -= bytes
    }
  }
}

function keptCopy(folder: string): UnpackedCopy {
  return { path: path.join(folder, DATA), remove: async () => undefined }
}

/** Bytes of a whole copy; null of anything else. */
async function sizeOf(folder: string): Promise<number | null> {
  try {
    const facts = JSON.parse(await readFile(path.join(folder, FACTS), 'utf8'))
    const { size } = await stat(path.join(folder, DATA))
    return facts.version === COPY_VERSION && facts.size_bytes === size ? size : null
  } catch {
    return null
  }
}

async function isLeft(folder: string): Promise<boolean> {
  const newest = await stat(path.join(folder, DATA)).catch(() => stat(folder).catch(() => null))
  return newest !== null && Date.now() - newest.mtimeMs > LEFT_AFTER_MS
}

async function keyOf({ file, compression, startByte, neededBytes }: PackedPart): Promise<string> {
  const [place, { size, mtimeMs }] = [await realpath(file), await stat(file)]
  const facts = [COPY_VERSION, place, size, mtimeMs, compression, startByte, neededBytes]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40)
}
