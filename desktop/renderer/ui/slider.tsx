import type { ReactNode } from 'react'

export interface SliderProps {
  /** Beside the slider. */
  name: string
  /** For screen readers, where the name alone says too little. */
  label?: string
  min: number
  max: number
  step: number
  value: number
  onChange: (value: number) => void
  /** What the value means, after the slider. */
  children?: ReactNode
}

/** A named slider in one row. */
export function Slider({ name, label = name, min, max, step, value, onChange, children }: SliderProps) {
  return (
    <label className="slider">
      <span className="field-name">{name}</span>
      <input
        type="range"
        aria-label={label}
        min={min}
        max={max}
        step={step}
        value={value}
        onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      {children}
    </label>
  )
}
