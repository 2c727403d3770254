import { useState } from 'react'
import type { OpenedVolume } from '../../../../shared/contract/bridge.ts'
import type { LengthUnit } from '../../../../shared/volume/header.ts'
import { useFacts } from '../../session/use-session.ts'

const UNITS: readonly [LengthUnit, string][] = [
  ['angstrom', 'Å'],
  ['nm', 'nm'],
  ['um', 'µm'],
  ['mm', 'mm'],
]

/** How large a voxel is, for scale bar and measuring, where the file does not say. The file stays as it is. */
export function VoxelSizeField({ volume }: { volume: OpenedVolume }) {
  const [unit, setUnit] = useState<LengthUnit>('angstrom')
  const [size, setSize] = useState(Number.NaN)
  const give = useFacts((state) => state.displaySpacingGiven)
  if (volume.voxel_size_zyx && volume.unit) return null
  const changed = (newSize: number, newUnit: LengthUnit) => {
    setSize(newSize)
    setUnit(newUnit)
    give(newSize > 0 && Number.isFinite(newSize) ? { size: newSize, unit: newUnit } : null)
  }
  return (
    <div className="voxel-size-field">
      <label>
        <span className="field-name">Voxel size for display</span>
        <input
          type="number"
          min={0}
          step="any"
          aria-label="Voxel size for display"
          onChange={(event) => changed(event.currentTarget.valueAsNumber, unit)}
        />
      </label>
      <select
        aria-label="Unit of the voxel size"
        value={unit}
        onChange={(event) => changed(size, event.currentTarget.value as LengthUnit)}
      >
        {UNITS.map(([value, sign]) => (
          <option key={value} value={value}>
            {sign}
          </option>
        ))}
      </select>
    </div>
  )
}
