import { useFacts } from '../../session/use-session.ts'

/** The models of the connected server, what each does and what it marks. */
export function ModelChoice() {
  const models = useFacts((state) => state.connection?.models) ?? []
  const modelId = useFacts((state) => state.modelId)
  const choose = useFacts((state) => state.modelChosen)
  const model = models.find((one) => one.id === modelId)
  if (models.length === 0) return <p className="faint">This server has no models yet.</p>
  return (
    <div className="form">
      <label>
        <span>Model</span>
        <select value={modelId ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
          {models.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      {model ? (
        <>
          <p className="faint">{model.description}</p>
          <ul className="chips" aria-label="Labels of the model">
            {model.labels
              .filter((label) => label.value !== 0)
              .map((label) => (
                <li key={label.value}>
                  <svg viewBox="0 0 10 10" aria-hidden="true">
                    <circle cx="5" cy="5" r="5" fill={label.color} />
                  </svg>
                  {label.name}
                </li>
              ))}
          </ul>
        </>
      ) : null}
    </div>
  )
}
