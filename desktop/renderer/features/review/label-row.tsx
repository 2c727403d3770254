import type { RunLabel } from '../../../../shared/contract/bridge.ts'
import { useFacts } from '../../session/use-session.ts'
import { formatCount, formatShare } from '../../ui/format.ts'
import { Icon } from '../../ui/icon.tsx'

/** One label: its colour can be changed, it can be hidden. */
export function LabelRow({ label, numVoxels }: { label: RunLabel; numVoxels: number }) {
  const color = useFacts((state) => state.labelColors[label.value] ?? label.color)
  const isHidden = useFacts((state) => state.hiddenLabels.includes(label.value))
  const setColor = useFacts((state) => state.labelColored)
  const toggle = useFacts((state) => state.labelToggled)
  return (
    <li className={isHidden ? 'is-hidden' : undefined} data-label={label.value}>
      <input
        type="color"
        aria-label={`Colour of ${label.name}`}
        value={color}
        onChange={(event) => setColor(label.value, event.currentTarget.value)}
      />
      <span className="label-name">
        <span title={`${label.name}, label ${label.value}`}>{label.name}</span>
        {label.voxels === null ? null : (
          <span className="faint" data-testid="label-voxels">
            {formatCount(label.voxels)} voxels · {formatShare(numVoxels ? label.voxels / numVoxels : 0)}
          </span>
        )}
      </span>
      <button
        type="button"
        className="quiet"
        aria-pressed={!isHidden}
        aria-label={isHidden ? `Show ${label.name}` : `Hide ${label.name}`}
        onClick={() => toggle(label.value)}
      >
        <Icon name={isHidden ? 'eyeOff' : 'eye'} />
      </button>
    </li>
  )
}
