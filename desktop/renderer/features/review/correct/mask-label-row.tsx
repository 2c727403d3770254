import type { MaskLabel } from '../../../../../shared/contract/mask-view.ts'
import { useFacts, useSession } from '../../../session/use-session.ts'
import { formatCount, formatValue } from '../../../ui/format.ts'
import { Icon } from '../../../ui/icon.tsx'

/** One label: chosen by its name; colour, lock and visibility beside it. */
export function MaskLabelRow({ label, isActive }: { label: MaskLabel; isActive: boolean }) {
  const { masks } = useSession()
  const { value, name, color, is_locked, voxels } = label
  const isHidden = useFacts((state) => state.hiddenLabels.includes(value))
  const toggle = useFacts((state) => state.labelToggled)
  const choose = useFacts((state) => state.activeLabelChosen)
  const voxelSize = useFacts((state) => state.volume?.voxel_size_zyx ?? null)
  const unit = useFacts((state) => state.volume?.unit ?? null)
  return (
    <li className={`${isHidden ? 'is-hidden' : ''} ${isActive ? 'is-active' : ''}`} data-label={value}>
      <input
        type="color"
        aria-label={`Colour of ${name}`}
        value={color}
        onChange={(event) => void masks.changeLabel({ value, color: event.currentTarget.value })}
      />
      <button type="button" className="label-name" aria-pressed={isActive} onClick={() => choose(value)}>
        <span title={`${name}, label ${value}`}>{name}</span>
        <span className="faint" data-testid="mask-label-voxels" data-voxels={voxels}>
          {formatCount(voxels)} voxels{volumeText(voxels, voxelSize, unit)}
        </span>
      </button>
      <button
        type="button"
        className="quiet"
        aria-pressed={is_locked}
        aria-label={is_locked ? `Unlock ${name}` : `Lock ${name}`}
        onClick={() => void masks.changeLabel({ value, is_locked: !is_locked })}
      >
        <Icon name={is_locked ? 'locked' : 'unlocked'} />
      </button>
      <button
        type="button"
        className="quiet"
        aria-pressed={!isHidden}
        aria-label={isHidden ? `Show ${name}` : `Hide ${name}`}
        onClick={() => toggle(value)}
      >
        <Icon name={isHidden ? 'eyeOff' : 'eye'} />
      </button>
    </li>
  )
}

/** Volume in nm³ for ångström, else in the volume's unit; empty where the voxel size is unknown. */
function volumeText(voxels: number, size: readonly [number, number, number] | null, unit: string | null): string {
  if (!size || !unit) return ''
  const [factor, name] = unit === 'angstrom' ? [1e-3, 'nm'] : [1, unit === 'um' ? 'µm' : unit]
  return ` · ${formatValue(Number((voxels * size[0] * size[1] * size[2] * factor).toPrecision(4)))}\u00a0${name}³`
}
