import { useFacts, useSession } from '../../../session/use-session.ts'
import { Panel } from '../../../ui/panel.tsx'
import { Slider } from '../../../ui/slider.tsx'
import { MaskLabelRow } from './mask-label-row.tsx'
import { MaskLabelSettings } from './mask-label-settings.tsx'

/** The labels of the mask that is being corrected: the chosen one is drawn with. */
export function MaskLabels() {
  const { masks } = useSession()
  const labels = useFacts((state) => state.mask?.labels)
  const active = useFacts((state) => state.activeLabel)
  const opacity = useFacts((state) => state.maskOpacity)
  const setOpacity = useFacts((state) => state.maskOpacityChanged)
  const isVisible = useFacts((state) => state.isMaskVisible)
  const toggle = useFacts((state) => state.maskToggled)
  if (!labels) return null
  const chosen = labels.find((label) => label.value === active)
  return (
    <Panel
      title="Labels"
      aside={
        <label className="check">
          <input type="checkbox" checked={isVisible} onChange={toggle} /> Show
        </label>
      }
    >
      <ul className="labels is-editable">
        {labels.map((label) => (
          <MaskLabelRow key={label.value} label={label} isActive={label.value === active} />
        ))}
      </ul>
      <button type="button" className="small" onClick={() => void masks.addLabel()}>
        Add a label
      </button>
      {chosen ? <MaskLabelSettings label={chosen} labels={labels} /> : null}
      <Slider
        name="All labels"
        label="Opacity of all labels"
        {...{ min: 0.05, max: 1, step: 0.05, value: opacity, onChange: setOpacity }}
      />
    </Panel>
  )
}
