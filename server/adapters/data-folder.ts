import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { LinkKeyStore } from '../jobs/link-keys.ts'

/** Secrets of a server, kept in its data folder with mode 0600. */
export interface DataFolder {
  token: string
  /** Names this folder and not its place: it stays the same when the folder is moved. */
  folderId: string
  linkKeys: LinkKeyStore
  /** Empty at the start; for what is of no use to another run of the server. */
  temporary: string
  /** Gives the folder free for another server. */
  release(): Promise<void>
}

/**
 * Takes a data folder for this process and reads its secrets, making them at the first start.
 * @throws {DomainError} `data_folder_locked`, `file_unwritable`
 */
export async function takeDataFolder(folder: string, token: string | null): Promise<DataFolder> {
  const release = await mkdir(folder, { recursive: true, mode: 0o700 })
    .then(() => lock(folder))
    .catch((cause) => {
      throw cause instanceof DomainError ? cause : unwritable(folder, cause)
    })
  const temporary = path.join(folder, 'tmp')
  try {
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary, { mode: 0o700 })
  } catch (cause) {
    await release()
    throw unwritable(temporary, cause)
  }
  return {
    temporary,
    token: token ?? (await secret(path.join(folder, 'token'))),
    folderId: await secret(path.join(folder, 'folder-id')),
    linkKeys: keyStore(path.join(folder, 'link-keys.json')),
    release,
  }
}

function unwritable(where: string, cause: unknown): DomainError {
  return new DomainError('file_unwritable', {
    path: where,
    reason: String((cause as NodeJS.ErrnoException).code),
    cause,
  })
}

async function secret(file: string): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => null)
  if (known?.trim()) return known.trim()
  // Never begins with a dash: people give it on command lines.
  const made = randomBytes(32).toString('hex')
  await writeFile(file, `${made}\n`, { mode: 0o600 })
  return made
}

/** Keys in one file, which is replaced as a whole. A file that cannot be read is as none: links made before end. */
function keyStore(file: string): LinkKeyStore {
  return {
    read: async () => {
      const found: unknown = await readFile(file, 'utf8')
        .then(JSON.parse)
        .catch(() => [])
      return Array.isArray(found) ? found : []
    },
    write: async (keys) => {
      const partial = `${file}.partial`
      await writeFile(partial, JSON.stringify(keys), { mode: 0o600 })
      await rename(partial, file)
    },
  }
}

/** How often a running server touches its lock. */
const LOCK_BEAT_MS = 10_000

/** A lock not touched for this long is left over, even if another program has its process id by now. */
const LOCK_STALE_MS = 60_000

/** Who holds a lock. Older versions wrote their process id alone: `host` and `start` are null. */
interface Holder {
  pid: number
  /** Process ids mean nothing on another computer or in another container. */
  host: string | null
  /** Random, one for each start: the same process id on the same host may be another server's. */
  start: string | null
}

/** A lock file with our process id and host, touched while we run; one that a dead process left is taken over. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, 'server.lock')
  const us: Holder = { pid: process.pid, host: os.hostname(), start: randomBytes(8).toString('hex') }
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(file, JSON.stringify(us), { flag: 'wx' })
      const beat = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), LOCK_BEAT_MS)
      beat.unref()
      return async () => {
        clearInterval(beat)
        if ((await holderOf(file))?.start === us.start) await rm(file, { force: true })
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
      if (await isHeld(file)) throw lockedBy(folder, await holderOf(file), cause)
      await rm(file, { force: true })
    }
  }
  throw new DomainError('data_folder_locked', { path: folder })
}

function lockedBy(folder: string, holder: Holder | null, cause: unknown): DomainError {
  if (holder === null || holder.host === null || holder.host === os.hostname())
    return new DomainError('data_folder_locked', { path: folder, cause })
  const hint = `It is on ${holder.host}. Stop it there; if it was killed, the folder is free ${LOCK_STALE_MS / 1000} s later.`
  return new DomainError('data_folder_locked', { path: folder, hint, cause })
}

async function isHeld(file: string): Promise<boolean> {
  const touchedMs = (await stat(file).catch(() => null))?.mtimeMs ?? 0
  if (Date.now() - touchedMs > LOCK_STALE_MS) return false
  const holder = await holderOf(file)
  if (holder === null) return false
  if (holder.host !== null && holder.host !== os.hostname()) return true
  return isAlive(holder.pid)
}

/** Null where there is no lock, or none that a server wrote. */
async function holderOf(file: string): Promise<Holder | null> {
  const text = await readFile(file, 'utf8').catch(() => '')
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found === 'number') return { pid: found, host: null, start: null }
    return typeof found === 'object' ? (found as Holder | null) : null
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
