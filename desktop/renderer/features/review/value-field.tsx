import { useEffect, useState } from 'react'
import { formatValue } from '../../ui/format.ts'

export interface ValueFieldProps {
  label: string
  value: number
  /** Called when a number was entered and the field was left, or Enter pressed. */
  onCommit: (value: number) => void
}

/** A number that takes effect once it is complete; anything else goes back to what it was. */
export function ValueField({ label, value, onCommit }: ValueFieldProps) {
  const shown = formatValue(value)
  const [text, setText] = useState(shown)
  useEffect(() => setText(shown), [shown])
  const commit = () => {
    const entered = Number(text)
    if (text.trim() !== '' && text !== shown && Number.isFinite(entered)) onCommit(entered)
    else setText(shown)
  }
  return (
    <label className="value-field">
      <span className="field-name">{label}</span>
      <input
        inputMode="decimal"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
    </label>
  )
}
