import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { ModelChoice } from './model-choice.tsx'
import { RunOutcome } from './run-outcome.tsx'
import { RunProgress } from './run-progress.tsx'

/** Choose a model, run it, watch it. */
export function RunPanel() {
  const session = useSession()
  const run = useFacts((state) => state.run)
  const isConnected = useFacts((state) => state.connection !== null)
  const volumeRef = useFacts((state) => state.volume?.volume_ref ?? null)
  const modelId = useFacts((state) => state.modelId)
  const hasEnded = run !== null && ['completed', 'failed', 'canceled'].includes(run.phase)
  if (run && !hasEnded)
    return (
      <Panel title="Segmenting">
        <RunProgress run={run} />
      </Panel>
    )
  if (!isConnected && !run) return null
  return (
    <>
      {isConnected ? (
        <Panel title="Model">
          <ModelChoice />
          <button
            type="button"
            className="primary wide"
            disabled={!volumeRef || !modelId}
            onClick={() => void session.startRun()}
          >
            {run ? 'Run again' : 'Run'}
          </button>
          {volumeRef ? null : <p className="faint">Open a volume first.</p>}
        </Panel>
      ) : null}
      {run ? <RunOutcome run={run} /> : null}
    </>
  )
}
