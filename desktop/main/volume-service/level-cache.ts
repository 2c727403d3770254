import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

/** Rises whenever voxels are read, averaged or laid out in another way: older entries are then built again. */
export const READER_VERSION = 2

const MANIFEST = 'manifest.json'
const Count = Type.Integer({ minimum: 0 })
const CacheManifest = Type.Object({
  reader_version: Type.Literal(READER_VERSION),
  low: Type.Number(),
  high: Type.Number(),
  levels: Type.Array(
    Type.Object({ bin: Count, file: Type.String(), sha256: Type.String(), histogram: Type.Array(Count) }),
  ),
  /** Null where there was no room for every voxel. */
  bricks: Type.Union([Type.Null(), Type.Object({ file: Type.String(), histogram: Type.Array(Count) })]),
  /** Size of every file of the entry, bytes. */
  sizes: Type.Record(Type.String(), Count),
})
export type CacheManifest = Type.Static<typeof CacheManifest>

export interface CacheEntry {
  folder: string
  manifest: CacheManifest
}

/**
 * Levels of volumes that were read before, a folder each, bounded in bytes; the least recently used go first.
 * An entry is filled under another name and renamed when it is whole, so that what is found is complete.
 */
export class LevelCache {
  private readonly folder: string
  private readonly mostBytes: number

  /** @param mostBytes of all entries together; never more than a quarter of what is free on the disk */
  constructor(folder: string, mostBytes: number) {
    this.folder = folder
    this.mostBytes = mostBytes
  }

  /** The entry of a key, marked as used; null when there is none. A damaged one is removed. */
  async find(key: string): Promise<CacheEntry | null> {
    const folder = path.join(this.folder, key)
    const manifest = await readManifest(folder)
    if (!manifest) {
      await rm(folder, { recursive: true, force: true })
      return null
    }
    const now = new Date()
    await utimes(path.join(folder, MANIFEST), now, now).catch(() => undefined)
    return { folder, manifest }
  }

  /** Bytes that an entry may take: the budget, or a quarter of what is free where that is less. */
  async room(): Promise<number> {
    await mkdir(this.folder, { recursive: true })
    const { bavail, bsize } = await statfs(this.folder)
    return Math.min(this.mostBytes, Math.floor((bavail * bsize) / 4))
  }

  /** An empty folder for a new entry. Others go first, until there is room for `needBytes`. */
  async begin(needBytes: number): Promise<string> {
    await this.clean(needBytes)
    const folder = path.join(this.folder, `${randomUUID()}.partial`)
    await mkdir(folder, { recursive: true })
    return folder
  }

  /** Makes a filled folder the entry of a key. */
  async commit(
    folder: string,
    key: string,
    found: Omit<CacheManifest, 'reader_version' | 'sizes'>,
  ): Promise<CacheEntry> {
    const sizes: Record<string, number> = {}
    for (const file of await readdir(folder)) sizes[file] = (await stat(path.join(folder, file))).size
    const manifest: CacheManifest = { reader_version: READER_VERSION, ...found, sizes }
    await writeFile(path.join(folder, MANIFEST), JSON.stringify(manifest))
    const target = path.join(this.folder, key)
    await rm(target, { recursive: true, force: true })
    await rename(folder, target)
    return { folder: target, manifest }
  }

  /** Drops an entry, or a folder that was not committed. */
  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true })
  }

  /** Removes leftovers, and the least recently used entries until `needBytes` more fit the budget. */
  async clean(needBytes: number): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const entries: { folder: string; bytes: number; usedMs: number }[] = []
    for (const name of await readdir(this.folder)) {
      const folder = path.join(this.folder, name)
      const manifest = name.endsWith('.partial') ? null : await readManifest(folder)
      if (!manifest) await rm(folder, { recursive: true, force: true })
      else {
        const bytes = Object.values(manifest.sizes).reduce((sum, size) => sum + size, 0)
        entries.push({ folder, bytes, usedMs: (await stat(path.join(folder, MANIFEST))).mtimeMs })
      }
    }
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { folder, bytes } of entries.toSorted((a, b) => a.usedMs - b.usedMs)) {
      if (total + needBytes <= this.mostBytes) break
      await rm(folder, { recursive: true, force: true })
      total -= bytes
    }
  }
}

/** The manifest of a complete entry: of this version, and every file as long as it was. */
async function readManifest(folder: string): Promise<CacheManifest | null> {
  try {
    const found: unknown = JSON.parse(await readFile(path.join(folder, MANIFEST), 'utf8'))
    if (!Value.Check(CacheManifest, found)) return null
    for (const [file, size] of Object.entries(found.sizes))
      if (file !== path.basename(file) || (await stat(path.join(folder, file))).size !== size) return null
    return found
  } catch {
    return null
  }
}

/**
 * Names what a file holds now: its path, size and time, and how it is read. Data of a detached header lie in a file
 * beside it, whose size and time count too; where that may have any name the key never comes again.
 */
export async function cacheKey(file: string, mode0: string | null): Promise<string> {
  const stem = path.basename(file).replace(/\.[^.]*(\.(gz|bz2))?$/i, '')
  const isDetached = /\.(hdr|img)(\.(gz|bz2))?$/i.test(file)
  const names = isDetached
    ? (await readdir(path.dirname(file))).filter((name) => name.startsWith(`${stem}.`)).sort()
    : [path.basename(file)]
  const facts: unknown[] = [file, mode0, /\.nhdr$/i.test(file) ? randomUUID() : null]
  for (const name of names) {
    const { size, mtimeMs } = await stat(path.join(path.dirname(file), name))
    facts.push([name, size, mtimeMs])
  }
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40)
}
