import { mkdtemp, readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** Says in a private folder who holds it. */
const OWNER_FILE = 'owner.json'

/** How often a holder touches its mark. */
const BEAT_MS = 10_000

/** A mark, or a lock of the server in the folder, that was touched within this time is someone's. */
const STALE_MS = 60_000

/** Process ids mean nothing on another computer, nor in another space of ids (a container; null where there are none). */
interface Owner {
  pid: number
  host: string
  pidSpace: string | null
}

/** A folder of this process alone. */
export interface PrivateFolder {
  path: string
  /** Deletes the folder. */
  release(): Promise<void>
}

/**
 * Makes a folder for a server of our own, and first deletes those that killed programs of this user left beside it: they
 * hold copies of volumes.
 */
export async function takePrivateFolder(parent: string): Promise<PrivateFolder> {
  const owner: Owner = { pid: process.pid, host: os.hostname(), pidSpace: await pidSpace() }
  await deleteLeftFolders(parent, owner)
  const folder = await mkdtemp(path.join(parent, 'cryomamba-'))
  const mark = path.join(folder, OWNER_FILE)
  // Without the mark, on a full disk say, nothing is lost but the tidying.
  await writeFile(mark, JSON.stringify(owner)).catch(() => undefined)
  const beat = setInterval(() => void utimes(mark, new Date(), new Date()).catch(() => undefined), BEAT_MS)
  beat.unref()
  return {
    path: folder,
    release: async () => {
      clearInterval(beat)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function deleteLeftFolders(parent: string, us: Owner): Promise<void> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isDirectory() || !/^cryomamba-\w{6}$/.test(entry.name)) continue
    const folder = path.join(parent, entry.name)
    if (await isLeft(folder, us)) await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Only what is known for sure to be left: by a dead process of ours, in a folder that nobody touches. */
async function isLeft(folder: string, us: Owner): Promise<boolean> {
  const uid = (await stat(folder).catch(() => null))?.uid
  if (process.getuid && uid !== process.getuid()) return false
  const owner = await ownerOf(folder)
  if (owner === null || owner.host !== us.host || owner.pidSpace !== us.pidSpace || isAlive(owner.pid)) return false
  // A server ends some time after the program that started it.
  const touches = await Promise.all([OWNER_FILE, 'server.lock'].map((name) => touchedMs(path.join(folder, name))))
  return Date.now() - Math.max(...touches) > STALE_MS
}

async function touchedMs(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.mtimeMs ?? 0
}

/** Null where there is no mark, or none that is whole. */
async function ownerOf(folder: string): Promise<Owner | null> {
  try {
    const found: Partial<Owner> = JSON.parse(await readFile(path.join(folder, OWNER_FILE), 'utf8'))
    const { pid, host, pidSpace } = found
    return Number.isInteger(pid) && host !== undefined && pidSpace !== undefined ? (found as Owner) : null
  } catch {
    return null
  }
}

async function pidSpace(): Promise<string | null> {
  return readlink('/proc/self/ns/pid').catch(() => null)
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
