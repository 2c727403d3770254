import { useEffect, useState } from 'react'

export interface OptionalNumberProps {
  label: string
  value: number | null
  /** Shown while nothing is entered: what is used then. */
  placeholder?: string
  min: number
  max: number
  isInteger?: boolean
  /** Null: nothing is entered. */
  onCommit: (value: number | null) => void
}

/** A number that may be left out. It takes effect once the field is left; what is outside its range goes back. */
export function OptionalNumber({ label, value, placeholder, min, max, isInteger, onCommit }: OptionalNumberProps) {
  const shown = value === null ? '' : String(value)
  const [text, setText] = useState(shown)
  useEffect(() => setText(shown), [shown])
  const entered = text.trim() === '' ? null : Number(text)
  const isFit = entered === null || (entered >= min && entered <= max && (!isInteger || Number.isInteger(entered)))
  const commit = () => {
    if (!isFit) setText(shown)
    else if (entered !== value) onCommit(entered)
  }
  return (
    <div>
      <label>
        <span className="field-name">{label}</span>
        <input
          inputMode="decimal"
          value={text}
          placeholder={placeholder}
          aria-invalid={!isFit}
          onChange={(event) => setText(event.currentTarget.value)}
          onBlur={commit}
          onKeyDown={(event) => event.key === 'Enter' && commit()}
        />
      </label>
      {isFit ? null : (
        <p className="field-problem" role="alert">
          {isInteger ? 'A whole number' : 'A number'} from {min} to {max}.
        </p>
      )}
    </div>
  )
}
