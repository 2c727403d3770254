import { Worker } from 'node:worker_threads'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { asMemoryProblem } from '../inference/memory-problem.ts'
import { tryNetwork } from './trial.ts'

/** How often a thread of its own looks whether who started us is still there. */
const PARENT_MS = 1_000

/** A network that runs keeps this thread, and an exit, waiting: the other one kills. */
const KILL_ORPHAN = `
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), ${PARENT_MS})`

/** Nobody else ends a trial whose parent is gone. Where a process keeps the id of its parent, as on Windows, it ends after its tile. */
function endWithParent(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  new Worker(KILL_ORPHAN, { eval: true }).unref()
}

/**
 * The program that tries a stranger's network. It runs in a process of its own, under limits set by whoever starts it, and
 * tells its parent `{ok: true, seconds}` or `{ok: false, error}`.
 */
endWithParent()
tryNetwork(process.argv[2]).then(
  ({ seconds }) => process.send?.({ ok: true, seconds }),
  (cause) => {
    const error = asMemoryProblem(cause, 'The network')
    if (!(error instanceof DomainError)) console.error(error)
    process.send?.({ ok: false, error: envelopeOf(error) })
  },
)
