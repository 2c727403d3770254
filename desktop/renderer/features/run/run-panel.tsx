import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { BatchStart } from './batch-start.tsx'
import { EstimateFacts } from './estimate-facts.tsx'
import { ModelChoice } from './model-choice.tsx'
import { ParameterForm } from './parameter-form.tsx'
import { hasEnded } from './progress-text.ts'
import { RunProgress } from './run-progress.tsx'
import { SpacingLine } from './spacing-line.tsx'
import { ConvertedLine, VolumeSource } from './volume-source.tsx'

/** The run over the open volume while it goes on; below, the next one is ordered. */
export function RunPanel() {
  const run = useFacts((state) => state.run)
  return (
    <>
      {run && !hasEnded(run) ? (
        <Panel title="Segmenting">
          <RunProgress run={run} />
        </Panel>
      ) : null}
      <OrderPanel />
    </>
  )
}

/** Choose a model, what it is to do, and run it. */
function OrderPanel() {
  const session = useSession()
  const run = useFacts((state) => state.run)
  const isConnected = useFacts((state) => state.connection !== null)
  const canStart = useFacts((state) => state.volume !== null || state.serverPath !== null)
  const modelId = useFacts((state) => state.modelId)
  if (!isConnected) return null
  return (
    <Panel title="Model">
      <ModelChoice />
      <SpacingLine />
      <ConvertedLine />
      <VolumeSource />
      <ParameterForm />
      <EstimateFacts />
      <button
        type="button"
        className="primary wide"
        disabled={!canStart || !modelId}
        onClick={() => void session.runs.start()}
      >
        {!run ? 'Run' : hasEnded(run) ? 'Run again' : 'Run another'}
      </button>
      {canStart ? null : <p className="faint">Open a volume first.</p>}
      <BatchStart />
    </Panel>
  )
}
