import { realpath, stat } from 'node:fs/promises'
import { DomainError } from '../errors/domain-error.ts'

/** A file as it was when its bytes were looked at. */
export interface PinnedFile {
  /** Absolute, without links. */
  path: string
  sizeBytes: number
  /** Modification time, milliseconds since 1970. */
  mtimeMs: number
}

/** @param file absolute, without links @throws what the file system says */
export async function pinFile(file: string): Promise<PinnedFile> {
  const { size, mtimeMs } = await stat(file)
  return { path: file, sizeBytes: size, mtimeMs }
}

/** True where every file is the one that was pinned, and no link came into its path. */
export async function areUnchanged(files: readonly PinnedFile[]): Promise<boolean> {
  for (const pinned of files) {
    const [place, now] = await Promise.all([realpath(pinned.path), pinFile(pinned.path)]).catch(() => [])
    if (!now || place !== pinned.path) return false
    if (now.sizeBytes !== pinned.sizeBytes || now.mtimeMs !== pinned.mtimeMs) return false
  }
  return true
}

/** @param name of the volume, as its user knows it @throws {DomainError} `volume_changed` */
export async function checkUnchanged(files: readonly PinnedFile[], name: string): Promise<void> {
  if (!(await areUnchanged(files))) throw new DomainError('volume_changed', { name })
}
