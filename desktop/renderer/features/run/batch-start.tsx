import { useState } from 'react'
import type { BatchSave } from '../../../../shared/contract/run-orders.ts'
import { useFacts, useSession } from '../../session/use-session.ts'

const PLACES: readonly [BatchSave, string][] = [
  ['beside', 'beside each file'],
  ['folder', 'in one folder'],
  ['none', 'only here'],
]

/** The chosen model and parameters on many files. */
export function BatchStart() {
  const session = useSession()
  const modelId = useFacts((state) => state.modelId)
  const [save, setSave] = useState<BatchSave>('beside')
  return (
    <details className="fold">
      <summary>Several files</summary>
      <label>
        <span className="field-name">Masks are kept</span>
        <select value={save} onChange={(event) => setSave(event.currentTarget.value as BatchSave)}>
          {PLACES.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="button" className="wide" disabled={!modelId} onClick={() => void session.runs.startBatch(save)}>
        Choose files and run…
      </button>
    </details>
  )
}
