import { useFacts } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { Slider } from '../../ui/slider.tsx'
import { LabelRow } from './label-row.tsx'

/** The labels over the volume: colour, visibility, how much of each, and how strongly they cover the picture. */
export function LabelsPanel() {
  const run = useFacts((state) => (state.mask ? null : state.run))
  const stage = useFacts((state) => state.labelsOnShow?.stage ?? null)
  const opacity = useFacts((state) => state.maskOpacity)
  const setOpacity = useFacts((state) => state.maskOpacityChanged)
  const isVisible = useFacts((state) => state.isMaskVisible)
  const toggle = useFacts((state) => state.maskToggled)
  const numVoxels = useFacts((state) => state.volume?.shape_zyx.reduce((product, size) => product * size, 1) ?? 0)
  if (!run || stage === null) return null
  return (
    <Panel
      title={stage === 'final' ? 'Mask' : 'Preview'}
      aside={
        <label className="check">
          <input type="checkbox" checked={isVisible} onChange={toggle} /> Show
        </label>
      }
    >
      <ul className="labels">
        {run.labels.map((label) => (
          <LabelRow key={label.value} label={label} numVoxels={numVoxels} />
        ))}
      </ul>
      <Slider name="Opacity" {...{ min: 0.05, max: 1, step: 0.05, value: opacity, onChange: setOpacity }} />
    </Panel>
  )
}
