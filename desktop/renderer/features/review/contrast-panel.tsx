import { useFacts } from '../../session/use-session.ts'
import { autoWindow, withHigh, withLow } from '../../state/window-range.ts'
import { Panel } from '../../ui/panel.tsx'
import { ColorFields } from './display-fields.tsx'
import { ValueField } from './value-field.tsx'
import { WindowSlider } from './window-slider.tsx'

/** Which values are black and which are white, in the file's own units. */
export function ContrastPanel({ title = 'Contrast' }: { title?: string }) {
  const setWindow = useFacts((state) => state.windowChanged)
  const level = useFacts((state) => state.level)
  const range = useFacts((state) => state.window)
  if (!level) return null
  const span = level.high - level.low
  const valueAt = (share: number) => level.low + share * span
  const shareOf = (value: number) => Math.min(1, Math.max(0, (value - level.low) / span))
  const setLow = (value: number) => setWindow(withLow(range, shareOf(value)))
  const setHigh = (value: number) => setWindow(withHigh(range, shareOf(value)))
  return (
    <Panel
      title={title}
      aside={
        <button type="button" className="small" onClick={() => setWindow(autoWindow(level.histogram), true)}>
          Auto
        </button>
      }
    >
      <WindowSlider histogram={level.histogram} range={range} valueAt={valueAt} />
      <div className="row spread">
        <ValueField label="Black" value={valueAt(range.low)} onCommit={setLow} />
        <ValueField label="White" value={valueAt(range.high)} onCommit={setHigh} />
      </div>
      <ColorFields />
    </Panel>
  )
}
