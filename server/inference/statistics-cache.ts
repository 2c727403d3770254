import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { writeCacheFile } from './cache-file.ts'

/** Bumped when what is measured, or how, changes. */
const CACHE_VERSION = 2

/** Values that are the same for the same content: kept in files named by a hash of what they depend on. */
export interface StatisticsCache {
  /** The value of this name: from the cache, or made and put there. Numbers come back bit for bit. */
  get<T>(name: string, make: () => Promise<T>): Promise<T>
}

/** A cache that keeps nothing. */
export const NO_CACHE: StatisticsCache = { get: (_name, make) => make() }

/**
 * A cache in a folder.
 * @param facts everything that the values depend on: hashes of the files, how they are read, what is measured
 */
export function folderCache(folder: string, facts: unknown): StatisticsCache {
  const key = createHash('sha256')
    .update(JSON.stringify([CACHE_VERSION, facts]))
    .digest('hex')
  return {
    get: async (name, make) => {
      const file = path.join(folder, `${key}-${name}.json`)
      const known = await readFile(file, 'utf8')
        .then(JSON.parse)
        .catch(() => null)
      if (known !== null) return known
      const value = await make()
      await writeCacheFile(file, JSON.stringify(value))
      return value
    },
  }
}
