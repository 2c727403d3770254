import { useFacts, useSession } from '../../session/use-session.ts'
import { Panel } from '../../ui/panel.tsx'
import { useMeasureText } from './use-measure-text.ts'

/** What was measured; a click goes to where it was. */
export function MeasurePanel() {
  const session = useSession()
  const measurements = useFacts((state) => state.measurements)
  const tool = useFacts((state) => state.measureTool)
  const remove = useFacts((state) => state.measurementRemoved)
  const clear = useFacts((state) => state.measurementsCleared)
  const textOf = useMeasureText()
  if (measurements.length === 0 && !tool) return null
  return (
    <Panel
      title="Measurements"
      aside={
        <button type="button" className="small" disabled={measurements.length === 0} onClick={clear}>
          Clear
        </button>
      }
    >
      {tool ? (
        <p className="faint">
          {tool === 'distance' ? 'Click two places in a slice.' : 'Click three places in a slice, the corner second.'}
        </p>
      ) : null}
      <ul className="measurements">
        {measurements.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className="small"
              title="Go there"
              onClick={() => session.moveCrosshair(one.pointsXyz[0].map(Math.round) as [number, number, number])}
            >
              {one.kind === 'distance' ? 'Distance' : 'Angle'} {one.id}
            </button>
            <output>{textOf(one)}</output>
            <button
              type="button"
              className="small"
              aria-label={`Remove measurement ${one.id}`}
              onClick={() => remove(one.id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
