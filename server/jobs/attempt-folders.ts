import { access, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { CHECKPOINT_NAME } from '../inference/checkpoint.ts'

/** Folder of an attempt in that of its job. */
export function attemptFolder(jobFolder: string, attempt: number): string {
  return path.join(jobFolder, `attempt-${attempt}`)
}

/** Attempts up to this one that have a folder, newest first. */
async function attemptsUpTo(jobFolder: string, last: number): Promise<number[]> {
  const names = await readdir(jobFolder).catch(() => [])
  const found = names.flatMap((name) => /^attempt-(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  return found.filter((attempt) => attempt <= last).sort((a, b) => b - a)
}

/** Removes what an attempt and those before it left. Later ones are not touched. */
export async function removeAttempts(jobFolder: string, last: number): Promise<void> {
  for (const attempt of await attemptsUpTo(jobFolder, last))
    await rm(attemptFolder(jobFolder, attempt), { recursive: true, force: true })
}

function hasPlanes(folder: string): Promise<boolean> {
  return access(path.join(folder, CHECKPOINT_NAME)).then(
    () => true,
    () => false,
  )
}

/** Removes what attempts up to this one left, but for finished planes that the next one can go on from. */
export async function keepPlanes(jobFolder: string, last: number): Promise<void> {
  for (const attempt of await attemptsUpTo(jobFolder, last)) {
    const folder = attemptFolder(jobFolder, attempt)
    if (!(await hasPlanes(folder))) await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Gives an attempt the newest planes that those before it left; the rest goes. Whatever still writes to them by an old
 * name finds nothing there.
 */
export async function adoptPlanes(jobFolder: string, attempt: number): Promise<void> {
  await keepPlanes(jobFolder, attempt - 1)
  const [newest] = await attemptsUpTo(jobFolder, attempt - 1)
  if (newest === undefined) return
  await rename(attemptFolder(jobFolder, newest), attemptFolder(jobFolder, attempt))
  await removeAttempts(jobFolder, attempt - 1)
}
