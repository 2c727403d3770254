import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ModelManifest } from '../../shared/contract/model-package.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ManifestDraft } from './import-nnunet.ts'

/** Name of the network in a package that is written here. */
const NETWORK_FILE = 'model.onnx'

/**
 * Makes a model package: a copy of the network and its `model.json`. The folder appears whole and tried, or not at all.
 * @param network file that is copied
 * @param folder  where the package shall be; must not exist, its parent must
 * @param check   tries the package where it is made, before it gets its name; throws to refuse it
 * @returns what `check` returned
 * @throws {DomainError} `usage` (the folder exists), `file_unwritable`, `canceled`, and what `check` throws
 */
export async function writeModelPackage<T>(
  manifest: ManifestDraft,
  network: string,
  folder: string,
  check: (folder: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const target = path.resolve(folder)
  await refuseExisting(target)
  // Beside the target, so that the last step is a rename; below it the folder has its own name, which messages show.
  const workshop = await mkdtemp(path.join(path.dirname(target), '.cryomamba-import-')).catch((error) =>
    Promise.reject(asWriteProblem(error, target)),
  )
  try {
    const made = path.join(workshop, path.basename(target))
    await mkdir(made)
    const copied = await copyAndHash(network, path.join(made, NETWORK_FILE), signal)
    const whole: ModelManifest = { ...manifest, onnx: { file: NETWORK_FILE, ...copied, ...manifest.onnx } }
    await writeFile(path.join(made, 'model.json'), `${JSON.stringify(whole, null, 2)}\n`)
    const result = await check(made)
    await refuseExisting(target)
    await rename(made, target)
    return result
  } catch (error) {
    throw asWriteProblem(error, target)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

async function refuseExisting(folder: string): Promise<void> {
  const isThere = await lstat(folder).then(
    () => true,
    () => false,
  )
  if (isThere) throw new DomainError('usage', { reason: `${folder} exists already.`, hint: 'Name a new folder.' })
}

async function copyAndHash(from: string, to: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  await pipeline(createReadStream(from), measure, createWriteStream(to), { signal })
  return { bytes, sha256: hash.digest('hex') }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  ENOENT: 'the folder that it shall lie in does not exist',
  ENOTDIR: 'the folder that it shall lie in does not exist',
  EROFS: 'the disk is read-only',
}

function asWriteProblem(error: unknown, folder: string): unknown {
  const { code, syscall, name } = error as NodeJS.ErrnoException
  if (name === 'AbortError') return new DomainError('canceled', { cause: error })
  if (error instanceof DomainError || code === undefined || syscall === undefined) return error
  return new DomainError('file_unwritable', { path: folder, reason: REASONS[code] ?? code, cause: error })
}
