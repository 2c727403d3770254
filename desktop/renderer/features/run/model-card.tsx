import type { ModelSummary } from '../../../../shared/contract/models.ts'
import { useFacts } from '../../session/use-session.ts'

/** A model: what it does, and what it marks. */
export function ModelCard({ model }: { model: ModelSummary }) {
  const isChosen = useFacts((state) => state.modelId === model.id)
  const choose = useFacts((state) => state.modelChosen)
  return (
    <label className={isChosen ? 'model is-chosen' : 'model'}>
      <input type="radio" name="model" checked={isChosen} onChange={() => choose(model.id)} />
      <span className="model-text">
        <strong>{model.name}</strong>
        <span className="faint">{model.description}</span>
        <span className="chips">
          {model.labels
            .filter((label) => label.value !== 0)
            .map((label) => (
              <span key={label.value}>
                <svg viewBox="0 0 10 10" aria-hidden="true">
                  <circle cx="5" cy="5" r="5" fill={label.color} />
                </svg>
                {label.name}
              </span>
            ))}
        </span>
        <span className="faint">
          Version {model.version} · {model.licence}
        </span>
      </span>
    </label>
  )
}
