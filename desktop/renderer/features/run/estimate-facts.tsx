import type { JobEstimate } from '../../../../shared/contract/estimate.ts'
import { useFacts } from '../../session/use-session.ts'
import { type Fact, Facts } from '../../ui/facts.tsx'
import { formatBytes, formatDuration } from '../../ui/format.ts'

/** What the run would take, before it is started. */
export function EstimateFacts() {
  const estimate = useFacts((state) => state.estimate)
  if (estimate.state === 'none') return null
  if (estimate.state === 'failed')
    return (
      <p className="result is-bad" role="alert" data-code={estimate.problem.code}>
        <strong>{estimate.problem.message}</strong> {estimate.problem.hint}
      </p>
    )
  const known = estimate.state === 'known' ? estimate.estimate : estimate.before
  if (!known) return <p className="faint">Asking what it takes…</p>
  return (
    <div data-testid="estimate" data-tiles={known.tiles} aria-busy={estimate.state === 'asking'}>
      <Facts facts={estimateFacts(known)} />
      {known.fits_memory ? null : (
        <p className="result is-bad" role="alert">
          This needs more memory than the server may use. Choose a region, or a smaller volume.
        </p>
      )}
    </div>
  )
}

function estimateFacts({ tiles, memory, seconds, queue_length: queue }: JobEstimate): Fact[] {
  const limit = memory.limit_bytes === null ? '' : ` of ${formatBytes(memory.limit_bytes)}`
  const isGuess = memory.network_is_estimate ? 'about ' : ''
  return [
    { name: 'Tiles', value: tiles },
    { name: 'Memory', value: `${isGuess}${formatBytes(memory.total_bytes)}${limit}` },
    ...(memory.scratch_bytes ? [{ name: 'Scratch', value: formatBytes(memory.scratch_bytes) }] : []),
    { name: 'Time', value: seconds === null ? 'not known yet' : `about ${formatDuration(seconds)}` },
    ...(queue > 0 ? [{ name: 'Queue', value: `${queue} ${queue === 1 ? 'job' : 'jobs'} before it` }] : []),
  ]
}
