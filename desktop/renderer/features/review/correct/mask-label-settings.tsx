import { useEffect, useState } from 'react'
import type { MaskLabel } from '../../../../../shared/contract/mask-view.ts'
import { useFacts, useSession } from '../../../session/use-session.ts'
import { Slider } from '../../../ui/slider.tsx'

/** The chosen label: its name and opacity, and giving all of it to another label. */
export function MaskLabelSettings({ label, labels }: { label: MaskLabel; labels: readonly MaskLabel[] }) {
  const { masks } = useSession()
  const opacity = useFacts((state) => state.labelOpacities[label.value] ?? 1)
  const setOpacity = useFacts((state) => state.labelOpacityChanged)
  const [name, setName] = useState(label.name)
  useEffect(() => setName(label.name), [label.name])
  const rename = () => {
    const entered = name.trim()
    if (entered !== '' && entered !== label.name) void masks.changeLabel({ value: label.value, name: entered })
    else setName(label.name)
  }
  const others = labels.filter((one) => one.value !== label.value)
  return (
    <div className="form label-settings">
      <label>
        <span className="field-name">Name of label {label.value}</span>
        <input
          value={name}
          maxLength={200}
          onChange={(event) => setName(event.currentTarget.value)}
          onBlur={rename}
          onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
        />
      </label>
      <Slider
        name="Opacity"
        label={`Opacity of ${label.name}`}
        {...{ min: 0, max: 1, step: 0.05, value: opacity }}
        onChange={(next) => setOpacity(label.value, next)}
      />
      <select
        aria-label={`Give all of ${label.name} to`}
        value=""
        disabled={label.is_locked || label.voxels === 0}
        onChange={(event) =>
          void masks.apply({ kind: 'relabel', from: label.value, label: Number(event.currentTarget.value) })
        }
      >
        <option value="">Give all of it to…</option>
        {others.map((one) => (
          <option key={one.value} value={one.value} disabled={one.is_locked}>
            {one.name}
          </option>
        ))}
        <option value="0">Background (delete)</option>
      </select>
    </div>
  )
}
