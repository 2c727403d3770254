import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Writes a small file as a whole. A folder that cannot be written costs what was remembered, not the job, and is left clean. */
export async function writeCacheFile(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}.partial`
  await mkdir(path.dirname(file), { recursive: true })
    .then(() => writeFile(partial, text))
    .then(() => rename(partial, file))
    .catch(() => rm(partial, { force: true }).catch(() => undefined))
}

/** Removes what processes that were killed left half-written in a folder. One that still writes there loses that file only. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) if (name.endsWith('.partial')) await rm(path.join(folder, name), { force: true })
}
