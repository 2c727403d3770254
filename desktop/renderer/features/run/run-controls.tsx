import type { RunView } from '../../../../shared/contract/bridge.ts'
import { useSession } from '../../session/use-session.ts'
import { hasEnded } from './progress-text.ts'

/** What can be done with a run that has not finished: stop for a while, go on, end. */
export function RunControls({ run, isSmall = false }: { run: RunView; isSmall?: boolean }) {
  const { runs } = useSession()
  const { run_ref: ref, phase } = run
  const className = isSmall ? 'small' : undefined
  const isStopped = phase === 'paused' || phase === 'waiting'
  const isUploading = phase === 'uploading' && run.upload?.phase !== 'done'
  const canPause = isUploading || ((phase === 'queued' || phase === 'running') && !run.is_canceling)
  if (phase === 'completed') return null
  return (
    <div className="row">
      {canPause ? (
        <button type="button" className={className} disabled={run.is_pausing} onClick={() => void runs.pause(ref)}>
          {run.is_pausing ? 'Pausing…' : 'Pause'}
        </button>
      ) : null}
      {isStopped || hasEnded(run) ? (
        <button type="button" className={className} onClick={() => void runs.resume(ref)}>
          {isStopped ? 'Go on' : 'Try again'}
        </button>
      ) : null}
      {hasEnded(run) ? null : (
        <button type="button" className={className} disabled={run.is_canceling} onClick={() => void runs.cancel(ref)}>
          {run.is_canceling ? 'Canceling…' : 'Cancel'}
        </button>
      )}
    </div>
  )
}
