import { useFacts } from '../../session/use-session.ts'
import { ModelCard } from './model-card.tsx'

/** The models of the connected server. */
export function ModelChoice() {
  const models = useFacts((state) => state.connection?.models) ?? []
  if (models.length === 0) return <p className="faint">This server has no models yet.</p>
  return (
    <fieldset className="models">
      <legend className="unseen">Model</legend>
      {models.map((model) => (
        <ModelCard key={model.id} model={model} />
      ))}
    </fieldset>
  )
}
