import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import { asMemoryProblem } from '../inference/memory-problem.ts'
import { tryNetwork } from './trial.ts'

/**
 * The program that tries a stranger's network. It runs in a process of its own, under limits set by whoever starts it, and
 * tells its parent `{ok: true, seconds}` or `{ok: false, error}`.
 */
tryNetwork(process.argv[2]).then(
  ({ seconds }) => process.send?.({ ok: true, seconds }),
  (cause) => {
    const error = asMemoryProblem(cause, 'The network')
    if (!(error instanceof DomainError)) console.error(error)
    process.send?.({ ok: false, error: envelopeOf(error) })
  },
)
