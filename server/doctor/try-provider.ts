import { fork } from 'node:child_process'
import path from 'node:path'
import { DomainError, type ProblemEnvelope } from '../../shared/errors/domain-error.ts'
import { inheritedEnv } from '../adapters/inherited-env.ts'
import { LastLines } from '../adapters/last-lines.ts'
import { withStderrReason } from '../adapters/provider-problem.ts'

/** What trying a provider gave. `difference` is the largest one of the sampled outputs, `tileMs` that of the second run. */
export type ReferenceVerdict =
  | { ok: true; difference: number; startMs: number; tileMs: number; warnings: string[] }
  | { ok: false; error: ProblemEnvelope }

/** CUDA's first start on a new card compiles and tries algorithms; that takes a minute or two at worst. */
const TIMEOUT_MS = 180_000

/** The compiled program, beside this compiled file. */
const ENTRY = path.join(import.meta.dirname, 'run-reference.js')

/**
 * Tries a provider with the bundled model, in a process of its own.
 * @param env e.g. which GPU the process sees
 */
export async function tryProvider(
  provider: string,
  env: Readonly<Record<string, string>>,
  { entry = ENTRY, timeoutMs = TIMEOUT_MS } = {},
): Promise<ReferenceVerdict> {
  const child = fork(entry, [provider], {
    env: { ...inheritedEnv(), ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const stderr = new LastLines()
  child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.add(text))
  let verdict: ReferenceVerdict | null = null
  let isTooLate = false
  child.once('message', (message) => {
    verdict = message as ReferenceVerdict
  })
  const timer = setTimeout(() => {
    isTooLate = true
    child.kill('SIGKILL')
  }, timeoutMs)
  const end = await new Promise<string>((resolve) => {
    child.once('error', () => resolve('it could not be started'))
    child.once('close', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`))
  })
  clearTimeout(timer)
  return (
    told(verdict, stderr.toString()) ?? lost(provider, isTooLate ? `no answer in ${timeoutMs / 1000} s` : end, stderr)
  )
}

/** The verdict with the reason of stderr, which is complete once the process has ended. */
function told(verdict: ReferenceVerdict | null, stderr: string): ReferenceVerdict | null {
  return verdict && !verdict.ok ? { ok: false, error: withStderrReason(verdict.error, stderr) } : verdict
}

function lost(provider: string, end: string, stderr: LastLines): ReferenceVerdict {
  const lastLine = stderr.toString().split('\n').at(-1)
  const reason = `the process that tried it ended (${end})${lastLine ? `: ${lastLine.slice(0, 300)}` : ''}`
  return { ok: false, error: new DomainError('provider_unavailable', { provider, reason }).toEnvelope() }
}
