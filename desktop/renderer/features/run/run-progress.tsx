import type { RunView } from '../../../../shared/contract/bridge.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatShare } from '../../ui/format.ts'
import { Meter } from '../../ui/meter.tsx'
import { progressFacts, progressShare, progressTitle } from './progress-text.ts'
import { RunControls } from './run-controls.tsx'
import { RunLog } from './run-log.tsx'

/** A run that goes on: what it is doing, how far, how fast, how long still. */
export function RunProgress({ run }: { run: RunView }) {
  const isStopped = run.phase === 'paused' || run.phase === 'waiting'
  const title = progressTitle(run)
  return (
    <div className="progress" data-testid="run" data-phase={run.phase}>
      <p>
        <strong>{title}</strong>
      </p>
      {isStopped ? null : <Meter label={title} share={progressShare(run)} />}
      <Facts facts={progressFacts(run)} />
      {run.num_previews > 0 && !isStopped ? (
        <p className="faint" data-testid="previews">
          {run.num_previews} {run.num_previews === 1 ? 'preview' : 'previews'} · {formatShare(run.coverage)} of the
          volume shown; hatched parts are not computed yet.
        </p>
      ) : null}
      {run.is_connection_lost ? <p className="result is-bad">The connection is lost; trying again…</p> : null}
      {run.attempt > 1 ? <p className="faint">Attempt {run.attempt}.</p> : null}
      {run.phase === 'waiting' && run.problem ? (
        <p className="result is-bad" data-code={run.problem.code}>
          <strong>{run.problem.message}</strong> {run.problem.hint}
        </p>
      ) : null}
      <RunControls run={run} />
      <RunLog run={run} />
    </div>
  )
}
