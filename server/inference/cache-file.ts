import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Writes a small file as a whole. A folder that cannot be written costs what was remembered, not the job, and is left clean. */
export async function writeCacheFile(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}.partial`
  await mkdir(path.dirname(file), { recursive: true })
    .then(() => writeFile(partial, text))
    .then(() => rename(partial, file))
    .catch(() => rm(partial, { force: true }).catch(() => undefined))
}
