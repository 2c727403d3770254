import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { readNeeded } from './elf-needed.ts'

/** A library that the system's loader will not find, and the first that needs it. */
export interface MissingLibrary {
  name: string
  neededBy: string
}

/** Libraries looked at; CUDA's provider reaches about thirty. */
const MOST_LIBRARIES = 500

/** Where glibc's loader looks last. */
const DEFAULT_FOLDERS = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
]

/** The loader itself and what it brings; it is found by its own path. */
const LOADER = /^(ld-linux|linux-vdso)/

/** Finds a library by name as glibc's loader does; null when there is none. */
export type FindLibrary = (name: string, searchPath: readonly string[]) => string | null

/**
 * Libraries that a library needs, directly or through others, and that cannot be found.
 * @param alsoNeeded names that it opens later by itself
 * @see ld.so(8), "Dynamic string tokens" and the order of the search
 */
export async function missingLibraries(
  file: string,
  find: FindLibrary,
  alsoNeeded: string[] = [],
): Promise<MissingLibrary[]> {
  const missing = new Map<string, MissingLibrary>()
  const seen = new Set<string>()
  const queue = [file]
  for (let next = queue.shift(); next !== undefined && seen.size < MOST_LIBRARIES; next = queue.shift()) {
    const found = await neededOf(next)
    const origin = path.dirname(next)
    const folders = found.searchPath.map((folder) => path.resolve(folder.replaceAll(/\$ORIGIN|\$\{ORIGIN\}/g, origin)))
    for (const name of next === file ? [...found.needed, ...alsoNeeded] : found.needed) {
      if (seen.has(name) || LOADER.test(name)) continue
      seen.add(name)
      const place = find(name, folders)
      if (place) queue.push(place)
      else missing.set(name, { name, neededBy: path.basename(next) })
    }
  }
  return [...missing.values()]
}

async function neededOf(file: string) {
  const handle = await open(file).catch(() => null)
  if (!handle) return { needed: [], searchPath: [] }
  try {
    const read = async (offset: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    }
    return (await readNeeded(read)) ?? { needed: [], searchPath: [] }
  } finally {
    await handle.close()
  }
}

/** The search of this computer: the library's own path, `LD_LIBRARY_PATH`, the cache of ldconfig, the default folders. */
export async function systemSearch(env: NodeJS.ProcessEnv): Promise<FindLibrary> {
  const cache = parseLdconfig(await ldconfigOutput())
  const given = (env.LD_LIBRARY_PATH ?? '').split(/[:;]/).filter(Boolean)
  return (name, searchPath) => {
    const inFolder = (folders: readonly string[]) =>
      folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file))
    return inFolder([...searchPath, ...given]) ?? cache.get(name) ?? inFolder(DEFAULT_FOLDERS) ?? null
  }
}

function ldconfigOutput(): Promise<string> {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/sbin:/usr/sbin`, LC_ALL: 'C' }
  const options = { env, timeout: 10_000, maxBuffer: 16 * 1024 * 1024 }
  return new Promise((resolve) =>
    execFile('ldconfig', ['-p'], options, (error, stdout) => resolve(error ? '' : stdout)),
  )
}

/** Paths of 64-bit libraries by name, from the output of `ldconfig -p`; the first of a name counts. */
export function parseLdconfig(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, name, kind, place] = /^\s+(\S+) \(([^)]*)\) => (.+)$/.exec(line) ?? []
    if (name && /x86-64|AArch64/.test(kind) && !found.has(name)) found.set(name, place)
  }
  return found
}
