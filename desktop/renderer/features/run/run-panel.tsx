import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { ModelChoice } from './model-choice.tsx'
import { hasEnded } from './progress-text.ts'
import { RunProgress } from './run-progress.tsx'

/** Choose a model, run it, watch it. */
export function RunPanel() {
  const session = useSession()
  const run = useFacts((state) => state.run)
  const isConnected = useFacts((state) => state.connection !== null)
  const volumeRef = useFacts((state) => state.volume?.volume_ref ?? null)
  const modelId = useFacts((state) => state.modelId)
  if (run && !hasEnded(run))
    return (
      <Panel title="Segmenting">
        <RunProgress run={run} />
      </Panel>
    )
  if (!isConnected) return null
  return (
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
  )
}
