import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'

/** Names that `nextBackup` gives; only such files are ever deleted. */
const NAME = /^cryomamba-\d{8}T\d{6}Z\.sqlite(\.partial)?$/

/** Path of the next backup in a folder, which is made where it is missing. Names sort by time. */
export async function nextBackup(folder: string, now = new Date()): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '')
  return path.join(folder, `cryomamba-${stamp}.sqlite`)
}

/**
 * Deletes all but the newest backups of a folder, and what a backup that was killed left behind.
 * @returns names of the backups that went
 */
export async function keepNewest(folder: string, numKept: number): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort()
  const backups = names.filter((name) => !name.endsWith('.partial'))
  const goes = backups.slice(0, Math.max(0, backups.length - numKept))
  for (const name of [...goes, ...names.filter((name) => name.endsWith('.partial'))])
    await rm(path.join(folder, name), { force: true })
  return goes
}
