import { randomBytes } from 'node:crypto'
import { open, realpath, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { asWriteProblem } from '../../shared/node/write-volume.ts'

/** A file of a command with the word it goes by on the command line: `IN`, `--out`. */
export interface NamedFile {
  name: string
  file: string
}

/**
 * Refuses an output that is an input, is written by way of one (`OUT.partial`), or is another output; links and spellings
 * of one file count as one.
 * @throws {DomainError} `usage`
 */
export async function refuseSameFiles(inputs: readonly NamedFile[], outputs: readonly NamedFile[]): Promise<void> {
  const places = async (files: readonly NamedFile[]) =>
    Promise.all(files.map(async ({ name, file }) => ({ name, place: await placeOf(file) })))
  const [read, written, between] = await Promise.all([
    places(inputs),
    places(outputs),
    places(outputs.map(({ name, file }) => ({ name, file: `${file}.partial` }))),
  ])
  for (const [at, output] of written.entries()) {
    const found = [...read, ...written.slice(0, at)].find(({ place }) => isOneFile(place, output.place))
    if (found) throw new DomainError('usage', { reason: `${found.name} and ${output.name} are the same file.` })
    const passed = read.find(({ place }) => isOneFile(place, between[at].place))
    if (passed) {
      const reason = `${output.name} is written by way of a file that has the name of ${passed.name}.`
      throw new DomainError('usage', { reason })
    }
  }
}

/** Where a file is or would be, behind all links; its number on its disk where there is one. */
interface Place {
  path: string
  number: string | null
}

async function placeOf(file: string): Promise<Place> {
  const plain = path.resolve(file)
  const whole = await realpath(plain).catch(() => null)
  const found = whole && (await stat(whole, { bigint: true }).catch(() => null))
  const folder = whole ? null : await realpath(path.dirname(plain)).catch(() => path.dirname(plain))
  return {
    path: whole ?? path.join(folder ?? '', path.basename(plain)),
    // Some network disks number no file.
    number: found && found.ino !== 0n ? `${found.dev}:${found.ino}` : null,
  }
}

/** Disks that take `A.mrc` for `a.mrc` are known by the number alone. */
function isOneFile(one: Place, other: Place): boolean {
  return one.path === other.path || (one.number !== null && one.number === other.number)
}

/**
 * Finds out before a long run that its output can be written: makes a file beside it as a download does, and removes it.
 * @throws {DomainError} `file_unwritable`, also where a folder has the name of the output
 */
export async function checkWritable(file: string): Promise<void> {
  const folder = await stat(path.dirname(path.resolve(file))).catch(() => null)
  if (!folder?.isDirectory())
    throw new DomainError('file_unwritable', { path: file, reason: 'its folder does not exist' })
  const found = await stat(file).catch(() => null)
  if (found?.isDirectory()) throw new DomainError('file_unwritable', { path: file, reason: 'it is a folder' })
  // As long as the names of downloads, so that too long a name is found out too.
  const partial = `${file}.${randomBytes(8).toString('hex')}.partial`
  try {
    await (await open(partial, 'wx')).close()
    await rm(partial)
  } catch (error) {
    throw asWriteProblem(error, file)
  }
}
