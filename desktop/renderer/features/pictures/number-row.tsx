import { useEffect, useState } from 'react'

export interface NumberRowProps {
  label: string
  value: number
  min?: number
  max: number
  onCommit: (value: number) => void
}

/** A whole number in a row of settings. It takes effect as it is typed; what is outside its range goes back when left. */
export function NumberRow({ label, value, min = 1, max, onCommit }: NumberRowProps) {
  const [text, setText] = useState(String(value))
  useEffect(() => setText(String(value)), [value])
  const isFit = (entered: string) => /^\d+$/.test(entered) && Number(entered) >= min && Number(entered) <= max
  const typed = (entered: string) => {
    setText(entered)
    if (isFit(entered)) onCommit(Number(entered))
  }
  return (
    <label>
      <span>{label}</span>
      <span className="number-row">
        <input
          inputMode="numeric"
          aria-label={label}
          value={text}
          aria-invalid={!isFit(text)}
          onChange={(event) => typed(event.currentTarget.value)}
          onBlur={() => setText(String(value))}
        />
        <span className="faint">
          {min} to {max}
        </span>
      </span>
    </label>
  )
}
