import type { RunView } from '../../../../shared/contract/bridge.ts'
import { useFacts } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { hasEnded } from './progress-text.ts'
import { RunRow } from './run-row.tsx'

/** All runs that are known, newest first, when there are more than the one on show. */
export function RunsPanel() {
  const runs = useFacts((state) => state.runs)
  const shownRef = useFacts((state) => state.run?.run_ref ?? null)
  const showBatch = useFacts((state) => state.batchShown)
  if (runs.length === 0 || (runs.length === 1 && runs[0].run_ref === shownRef)) return null
  const batchRef = newestBatch(runs)
  const numGoing = runs.filter((run) => !hasEnded(run)).length
  return (
    <Panel
      title="Runs"
      aside={
        batchRef ? (
          <button type="button" className="small" onClick={() => showBatch(batchRef)}>
            Table…
          </button>
        ) : (
          <span className="faint">{numGoing > 0 ? `${numGoing} under way` : null}</span>
        )
      }
    >
      <ul className="run-list">
        {runs.map((run) => (
          <RunRow key={run.run_ref} run={run} />
        ))}
      </ul>
    </Panel>
  )
}

function newestBatch(runs: readonly RunView[]): string | null {
  return runs.find((run) => run.batch_ref !== null)?.batch_ref ?? null
}
