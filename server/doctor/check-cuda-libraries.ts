import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import path from 'node:path'
import { type Finding, failed, ok, warning } from './finding.ts'
import { type FindLibrary, type MissingLibrary, missingLibraries } from './missing-libraries.ts'
import { KNOWN_ARCHIVE, readOrigin } from './provider-origin.ts'

const SHARED = 'libonnxruntime_providers_shared.so'
const CUDA = 'libonnxruntime_providers_cuda.so'

/** Opened by the provider when the first convolution runs, so that its absence shows late. */
const OPENED_LATER = ['libcudnn.so.9']

/**
 * Files whose origin is known, by SHA-256, beside those of the archive that `cryomamba cuda-provider` installs, which
 * leaves a list of its own. Each was downloaded and hashed; a file that is not here may be as good.
 */
const KNOWN_FILES: Readonly<Record<string, string>> = {
  c6a12593396095f5670160e284c35d1700b7708cf3037b7042e2a5200ccae772:
    'npm com.github.asus4.onnxruntime.linux-x64-gpu 0.4.9, for 1.29.0 and CUDA 13',
  '56cf3254b118ad837ccc4ed8f6d1b23504bbf7ef91b34cbc0b289cb7f10b3037':
    'npm com.github.asus4.onnxruntime.linux-x64-gpu 0.4.9, for 1.29.0 and CUDA 13',
}

export interface CudaLibrariesCheck {
  /** Folder of `libonnxruntime.so.1`. */
  folder: string
  /** Version of onnxruntime-node; the provider must have the same. */
  version: string
  find: FindLibrary
  /** True when the settings ask for CUDA. */
  isWanted: boolean
  /** True when there is a card that it could use. */
  hasGpu: boolean
  /** SHA-256 of the only files that are accepted; empty: any of the right version. */
  pinned: readonly string[]
}

/** Are CUDA's provider libraries there, of the right version, and is all that they need? Linux on x64 only. */
export async function checkCudaLibraries(check: CudaLibrariesCheck): Promise<Finding[]> {
  const name = 'CUDA provider'
  const absent = [SHARED, CUDA].filter((file) => !existsSync(path.join(check.folder, file)))
  if (absent.length === 2 && !check.isWanted && !check.hasGpu)
    return [ok(name, 'not installed; only CUDA devices need it')]
  const bad = check.isWanted ? failed : warning
  if (absent.length > 0) {
    const hint = `Copy ${absent.join(' and ')} of onnxruntime ${check.version} there, see docs/gpu.md.`
    return [bad(name, `${absent.join(' and ')} not in ${check.folder}`, hint)]
  }
  const installed = await readOrigin(check.folder)
  const files = await Promise.all([SHARED, CUDA].map((file) => checkFile(file, check, installed?.[file] ?? null)))
  return [...files, judgeMissing(await missingLibraries(path.join(check.folder, CUDA), check.find, OPENED_LATER), bad)]
}

/** What it means that libraries are missing. */
export function judgeMissing(missing: readonly MissingLibrary[], bad: typeof failed): Finding {
  const name = 'CUDA libraries'
  if (missing.length === 0) return ok(name, 'all that the provider needs is found')
  const list = missing.map((one) => (one.neededBy === CUDA ? one.name : `${one.name} (for ${one.neededBy})`)).join(', ')
  const isDriverMissing = missing.some((one) => one.name.startsWith('libcuda.so'))
  const driver = isDriverMissing ? "; libcuda.so.1 comes with NVIDIA's driver" : ''
  return bad(
    name,
    `not found: ${list}`,
    `Install them (CUDA toolkit, cuDNN 9) and let ldconfig or LD_LIBRARY_PATH name their folders${driver}.`,
  )
}

/** @param installed SHA-256 that the file had when it came out of the known archive; null: it did not */
async function checkFile(
  file: string,
  { folder, version, pinned }: CudaLibrariesCheck,
  installed: string | null,
): Promise<Finding> {
  const name = 'CUDA provider'
  const { sha256, hasVersion } = await digestWith(path.join(folder, file), `\0${version}\0`)
  const origin = sha256 === installed ? KNOWN_ARCHIVE.name : KNOWN_FILES[sha256]
  const message = `${file}, SHA-256 ${sha256}${origin ? ` (${origin})` : ''}`
  if (pinned.length > 0 && !pinned.includes(sha256)) {
    const hint =
      'Put the file back that was checked, or name this one in CRYOMAMBA_CUDA_SHA256 once its origin is known.'
    return failed(name, `${message} is not one of those that are pinned`, hint)
  }
  // What the administrator pinned counts more than what was installed before.
  if (pinned.length === 0 && installed !== null && sha256 !== installed)
    return failed(
      name,
      `${message} was changed after it was installed from ${KNOWN_ARCHIVE.name}`,
      'Run `cryomamba cuda-provider` again, or name this file in CRYOMAMBA_CUDA_SHA256 once its origin is known.',
    )
  // The shared library is a few lines of code that carry no version.
  if (hasVersion || file === SHARED) return ok(name, message)
  const hint = `Take the file of exactly onnxruntime ${version}; another version ends the process or fails to load.`
  return warning(name, `${message} does not name version ${version}`, hint)
}

/** SHA-256 of a file and whether a text is in it, in one reading. */
export async function digestWith(file: string, text: string): Promise<{ sha256: string; hasVersion: boolean }> {
  const hash = createHash('sha256')
  const wanted = Buffer.from(text, 'latin1')
  let hasVersion = false
  let end = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 4 * 1024 * 1024 })) {
    hash.update(chunk)
    if (hasVersion) continue
    const joined = Buffer.concat([end, chunk])
    hasVersion = joined.includes(wanted)
    end = joined.subarray(Math.max(0, joined.length - wanted.length + 1))
  }
  return { sha256: hash.digest('hex'), hasVersion }
}
