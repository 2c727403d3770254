import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import { loadModelPackage, type ModelPackage } from './model-registry.ts'

/** What a network may use while it is tried. */
export interface TrialLimits {
  seconds: number
  /** Resident memory; watched on Linux only. */
  bytes: number
}

const DEFAULT_LIMITS: TrialLimits = { seconds: 180, bytes: 12 * 1024 ** 3 }

/** How often the memory of the trial is looked at. */
const WATCH_MS = 100

type Verdict = { ok: true; seconds: number } | { ok: false; error: ProblemEnvelope }

/**
 * Checks a model package and tries its network on one tile of zeros, in a process of its own with limits.
 * @returns the package and the seconds of the tile
 * @throws {DomainError} `model_invalid`, `model_feature_unsupported`, `model_channels`, `canceled`
 */
export async function checkModel(
  folder: string,
  limits = DEFAULT_LIMITS,
  signal?: AbortSignal,
): Promise<ModelPackage & { seconds: number }> {
  const model = await loadModelPackage(folder)
  const name = model.manifest.id
  const child = fork(path.join(import.meta.dirname, 'try-network.js'), [path.resolve(folder)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const verdict = await new Promise<Verdict>((resolve, reject) => {
    const refuse = (reason: string) => {
      child.kill('SIGKILL')
      reject(new DomainError('model_invalid', { name, reason }))
    }
    const timer = setTimeout(
      () => refuse(`its network took more than ${limits.seconds} s for one tile`),
      limits.seconds * 1000,
    )
    const watch = setInterval(async () => {
      if ((await residentBytes(child)) > limits.bytes)
        refuse(`its network took more than ${limits.bytes} bytes of memory`)
    }, WATCH_MS)
    const cancel = () => {
      reject(new DomainError('canceled'))
      child.kill('SIGKILL')
    }
    if (signal?.aborted) cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    child.once('message', (message) => resolve(message as Verdict))
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      clearInterval(watch)
      refuse(`its network ended the process that tried it (${signal ?? `exit code ${code}`})`)
    })
  })
  if (!verdict.ok) throw errorFromEnvelope(verdict.error)
  return { ...model, seconds: verdict.seconds }
}

async function residentBytes(child: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024
}
