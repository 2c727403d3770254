import type { RunView } from '../../../../shared/contract/bridge.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatDuration } from '../../ui/format.ts'
import { Panel } from '../../ui/panel.tsx'
import { hasEnded } from './progress-text.ts'
import { RunControls } from './run-controls.tsx'
import { RunLog } from './run-log.tsx'

/** How the last run ended. */
export function RunOutcome() {
  const session = useSession()
  const run = useFacts((state) => state.run)
  if (!run || !hasEnded(run)) return null
  return (
    <Panel
      title="Last run"
      aside={
        <button type="button" className="small" onClick={() => void session.runs.dismiss(run.run_ref)}>
          {run.phase === 'completed' ? 'Remove mask' : 'Dismiss'}
        </button>
      }
    >
      <div data-testid="run" data-phase={run.phase}>
        <Outcome run={run} />
      </div>
      {run.warnings.length > 0 ? (
        <ul className="warnings">
          {run.warnings.map((warning) => (
            <li key={warning.code + warning.message}>{warning.message}</li>
          ))}
        </ul>
      ) : null}
      <RunControls run={run} />
      <RunLog run={run} />
    </Panel>
  )
}

function Outcome({ run }: { run: RunView }) {
  if (run.phase === 'failed')
    return (
      <p className="result is-bad" role="alert" data-code={run.problem?.code}>
        <strong>{run.problem?.message}</strong> {run.problem?.hint}
      </p>
    )
  if (run.phase === 'canceled') return <p className="faint">Canceled. Nothing was kept.</p>
  if (!run.result) return null
  return (
    <Facts
      facts={[
        { name: 'Volume', value: run.volume_name },
        { name: 'Model', value: run.model_name },
        { name: 'Time', value: formatDuration(run.result.seconds) },
        { name: 'Tiles', value: run.result.tiles },
        { name: 'Previews', value: run.num_previews },
      ]}
    />
  )
}
