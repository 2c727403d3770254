import { reverseTriple } from '../../../../shared/volume/zyx.ts'
import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { Slider } from '../../ui/slider.tsx'
import { ValueField } from './value-field.tsx'

const AXES = ['x', 'y', 'z'] as const

/** Where the crosshair is along each axis of the file: to slide, or to type. */
export function PositionPanel() {
  const session = useSession()
  const shape = useFacts((state) => state.volume?.shape_zyx)
  const crosshair = useFacts((state) => state.crosshairXyz)
  if (!shape || !crosshair) return null
  const size = reverseTriple(shape)
  const moveTo = (axis: number, index: number) => {
    const place: [number, number, number] = [...crosshair]
    place[axis] = Math.min(size[axis] - 1, Math.max(0, Math.round(index)))
    session.moveCrosshair(place)
  }
  return (
    <Panel title="Position">
      {AXES.map((name, axis) => (
        <Slider
          key={name}
          name={name}
          label={`Slice along ${name}`}
          min={0}
          max={size[axis] - 1}
          step={1}
          value={crosshair[axis]}
          onChange={(index) => moveTo(axis, index)}
        />
      ))}
      <div className="row">
        {AXES.map((name, axis) => (
          <ValueField
            key={name}
            label={`Voxel ${name}`}
            value={crosshair[axis]}
            onCommit={(index) => moveTo(axis, index)}
          />
        ))}
      </div>
    </Panel>
  )
}
