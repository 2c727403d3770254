import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import { loadModelPackage, type ModelPackage } from './load-package.ts'

/** What a network may use while it is tried. */
export interface TrialLimits {
  /** From the start of the process to the end of its last tile. */
  seconds: number
  /** Resident memory; watched on Linux only. */
  bytes: number
}

/** The computer has other work, too. */
const MOST_OF_MEMORY = 0.75

export const DEFAULT_TRIAL_LIMITS: TrialLimits = {
  seconds: 180,
  bytes: Math.floor(Math.min(12 * 1024 ** 3, MOST_OF_MEMORY * os.totalmem())),
}

/** How often the memory of the trial is looked at. */
const WATCH_MS = 100

/** Memory that a process may reserve beyond what it may use: stacks, code, the program's own heap. */
const RESERVED_BYTES = 2 * 1024 ** 3

/** The program that sets limits of the kernel; part of every Linux distribution. */
const PRLIMIT = '/usr/bin/prlimit'

/** The compiled program of the trial. */
const TRIAL_ENTRY = path.join(import.meta.dirname, 'try-network.js')

/** Of our environment the trial sees what programs need to start, and nothing that could be a secret. */
const INHERITED = ['PATH', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot', 'windir']

type Verdict = { ok: true; seconds: number } | { ok: false; error: ProblemEnvelope }

/**
 * Checks a model package and tries its network on a tile of zeros and one of noise, in a process of its own with limits,
 * an empty environment and an empty working folder.
 * @returns the package and the seconds of a tile
 * @throws {DomainError} `model_invalid`, `model_feature_unsupported`, `model_channels`, `canceled`
 */
export async function checkModel(
  folder: string,
  limits = DEFAULT_TRIAL_LIMITS,
  signal?: AbortSignal,
  entry = TRIAL_ENTRY,
): Promise<ModelPackage & { seconds: number }> {
  const model = await loadModelPackage(folder)
  const home = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-trial-'))
  const child = startTrial(entry, path.resolve(folder), home, limits)
  try {
    const verdict = await verdictOf(child, model.manifest.id, limits, signal)
    if (!verdict.ok) throw refusal(verdict.error, model.manifest.id)
    return { ...model, seconds: verdict.seconds }
  } finally {
    await end(child)
    await rm(home, { recursive: true, force: true })
  }
}

function startTrial(entry: string, folder: string, home: string, limits: TrialLimits): ChildProcess {
  const kept = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  return fork(entry, [folder], {
    env: { ...Object.fromEntries(kept), HOME: home, TMPDIR: home, TMP: home, TEMP: home, ...asNode() },
    cwd: home,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    ...underKernelLimits(limits),
  })
}

/** Ends the process, and is done when it is gone. */
async function end(child: ChildProcess): Promise<void> {
  const isAlive = child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const gone = isAlive ? once(child, 'exit') : null
  child.kill('SIGKILL')
  await gone
}

/** Inside Electron our own executable is Node only when told so. */
function asNode(): Record<string, string> {
  return process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' }
}

/**
 * On Linux the kernel refuses memory to the trial before it is used, writes no file for it, and ends it even when we are
 * gone. Elsewhere the clock and the watch are the guard.
 */
function underKernelLimits(limits: TrialLimits): { execPath?: string; execArgv: string[] } {
  const isPossible = process.platform === 'linux' && process.versions.electron === undefined && existsSync(PRLIMIT)
  if (!isPossible) return { execArgv: [] }
  const kernel = [
    `--data=${limits.bytes + RESERVED_BYTES}`,
    `--cpu=${2 * Math.ceil(limits.seconds)}`,
    '--core=0',
    '--fsize=0',
  ]
  return { execPath: PRLIMIT, execArgv: [...kernel, process.execPath] }
}

function verdictOf(child: ChildProcess, name: string, limits: TrialLimits, signal?: AbortSignal): Promise<Verdict> {
  let stopWatching = () => {}
  const verdict = new Promise<Verdict>((resolve, reject) => {
    const refuse = (reason: string) => reject(new DomainError('model_invalid', { name, reason }))
    const cancel = () => reject(new DomainError('canceled'))
    const late = () => refuse(`its network took more than ${limits.seconds} s for its first tiles`)
    const timer = setTimeout(late, limits.seconds * 1000)
    const watch = setInterval(async () => {
      if ((await residentBytes(child)) > limits.bytes)
        refuse(`its network took more than ${limits.bytes} bytes of memory`)
    }, WATCH_MS)
    stopWatching = () => {
      clearTimeout(timer)
      clearInterval(watch)
      signal?.removeEventListener('abort', cancel)
    }
    signal?.addEventListener('abort', cancel)
    if (signal?.aborted) cancel()
    child.once('message', (message) => resolve(message as Verdict))
    child.once('error', (cause) => reject(new DomainError('internal', { cause })))
    child.once('exit', (code, by) => {
      const end = () => refuse(`its network ended the process that tried it (${by ?? `exit code ${code}`})`)
      // What it said last may still be on its way.
      if (child.connected) child.once('disconnect', end)
      else end()
    })
  })
  return verdict.finally(() => stopWatching())
}

/** A trial that ran out of memory says something of the network, not of the request. */
function refusal(error: ProblemEnvelope, name: string): DomainError {
  if (error.code !== 'out_of_memory') return errorFromEnvelope(error)
  return new DomainError('model_invalid', { name, reason: `on its first tile: ${error.message.replace(/\.$/, '')}` })
}

async function residentBytes(child: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024
}
