import type { PlaneProjection } from '../../../../shared/contract/volume-port.ts'
import { useFacts } from '../../session/use-session.ts'
import { MOST_LEVEL_VOXELS } from '../../state/view-slice.ts'
import { Panel } from '../../ui/panel.tsx'
import { Slider } from '../../ui/slider.tsx'
import { MOST_SIGMA_VOX } from '../../viewer/gaussian.ts'
import { SpaceFields } from '../review/display-fields.tsx'

const THICKNESSES = [1, 3, 5, 11, 21, 51] as const
const PROJECTIONS: readonly [PlaneProjection, string][] = [
  ['mean', 'Average'],
  ['min', 'Minimum'],
  ['max', 'Maximum'],
]
const MILLION = 2 ** 20
const BUDGETS = [2, 16, 64, 128, 256] as const

/** How slices are drawn: how many planes together, which way y points, how fine a level. */
export function ViewPanel() {
  const hasLevel = useFacts((state) => state.level !== null)
  const isYDown = useFacts((state) => state.isYDown)
  const turnY = useFacts((state) => state.yTurned)
  if (!hasLevel) return null
  return (
    <Panel title="View">
      <SlabFields />
      <SmoothingField />
      <LevelField />
      <SpaceFields />
      <label className="check">
        <input type="checkbox" checked={isYDown} onChange={(event) => turnY(event.currentTarget.checked)} /> Y points
        down in XY
      </label>
    </Panel>
  )
}

function SlabFields() {
  const slab = useFacts((state) => state.slab)
  const change = useFacts((state) => state.slabChanged)
  return (
    <>
      <label className="select-field">
        <span className="field-name">Planes together</span>
        <select
          value={slab.thickness}
          onChange={(event) => change({ ...slab, thickness: Number(event.currentTarget.value) })}
        >
          {THICKNESSES.map((thickness) => (
            <option key={thickness} value={thickness}>
              {thickness === 1 ? '1 (slice)' : thickness}
            </option>
          ))}
        </select>
      </label>
      <label className="select-field">
        <span className="field-name">Shown as</span>
        <select
          value={slab.projection}
          disabled={slab.thickness === 1}
          onChange={(event) => change({ ...slab, projection: event.currentTarget.value as PlaneProjection })}
        >
          {PROJECTIONS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </>
  )
}

/** Only how slices are drawn: values that are read out, measures and masks stay those of the file. */
function SmoothingField() {
  const sigmaVox = useFacts((state) => state.display.smoothingVox)
  const change = useFacts((state) => state.displayChanged)
  return (
    <Slider
      name="Smoothing"
      label="Smoothing of the slices, voxels"
      min={0}
      max={MOST_SIGMA_VOX}
      step={0.25}
      value={sigmaVox}
      onChange={(smoothingVox) => change({ smoothingVox })}
    >
      <output>{sigmaVox === 0 ? 'off' : `σ ${sigmaVox}`}</output>
    </Slider>
  )
}

function LevelField() {
  const mostVoxels = useFacts((state) => state.mostVoxels)
  const change = useFacts((state) => state.mostVoxelsChanged)
  const isListed = mostVoxels === null || BUDGETS.some((millions) => millions * MILLION === mostVoxels)
  return (
    <>
      <label
        className="select-field"
        title="The finest level with at most so many voxels; each takes four bytes of graphics memory"
      >
        <span className="field-name">Level on show</span>
        <select
          value={mostVoxels ?? ''}
          onChange={(event) => change(event.currentTarget.value ? Number(event.currentTarget.value) : null)}
        >
          <option value="">Automatic</option>
          {BUDGETS.map((millions) => (
            <option key={millions} value={millions * MILLION}>
              {millions} M voxels
            </option>
          ))}
          {isListed ? null : <option value={mostVoxels}>{Math.round(mostVoxels / MILLION)} M voxels</option>}
        </select>
      </label>
      {(mostVoxels ?? 0) > MOST_LEVEL_VOXELS ? (
        <p className="faint">
          No level has more than {MOST_LEVEL_VOXELS / MILLION} M voxels: one program cannot hold it.
        </p>
      ) : null}
    </>
  )
}
