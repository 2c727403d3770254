import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { ColorFields } from './display-fields.tsx'
import { HistogramPlot } from './histogram-plot.tsx'
import { ValueField } from './value-field.tsx'

// A window narrower than one of the 256 steps of a level shows nothing.
const NARROWEST = 1 / 255

/** Which values are black and which are white, in the file's own units. */
export function ContrastPanel() {
  const session = useSession()
  const level = useFacts((state) => state.level)
  const range = useFacts((state) => state.window)
  if (!level) return null
  const span = level.high - level.low
  const valueAt = (share: number) => level.low + share * span
  const shareOf = (value: number) => Math.min(1, Math.max(0, (value - level.low) / span))
  const setLow = (low: number) =>
    session.setWindow({ ...range, low: Math.max(0, Math.min(low, range.high - NARROWEST)) })
  const setHigh = (high: number) =>
    session.setWindow({ ...range, high: Math.min(1, Math.max(high, range.low + NARROWEST)) })
  return (
    <Panel
      title="Contrast"
      aside={
        <button type="button" className="small" onClick={session.autoContrast}>
          Auto
        </button>
      }
    >
      <div className="window-slider">
        <HistogramPlot histogram={level.histogram} range={range} />
        <input
          type="range"
          aria-label="Black"
          min={0}
          max={1}
          step={0.002}
          value={range.low}
          onChange={(event) => setLow(event.currentTarget.valueAsNumber)}
        />
        <input
          type="range"
          aria-label="White"
          min={0}
          max={1}
          step={0.002}
          value={range.high}
          onChange={(event) => setHigh(event.currentTarget.valueAsNumber)}
        />
      </div>
      <div className="row spread">
        <ValueField label="Black" value={valueAt(range.low)} onCommit={(value) => setLow(shareOf(value))} />
        <ValueField label="White" value={valueAt(range.high)} onCommit={(value) => setHigh(shareOf(value))} />
      </div>
      <ColorFields />
    </Panel>
  )
}
