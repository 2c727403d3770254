import { useFacts, useSession } from '../../session/use-session.ts'
import type { MeasureKind } from '../../state/look-slice.ts'
import type { Layout } from '../../viewer/pane-layout.ts'

const LAYOUTS: readonly [Layout, string, string][] = [
  ['all', 'All', 'Three slices and 3D'],
  ['xy', 'XY', 'Slice seen along z'],
  ['xz', 'XZ', 'Slice seen along y'],
  ['yz', 'YZ', 'Slice seen along x'],
  ['3d', '3D', 'The three planes in space'],
]

/** Which panes are shown. */
export function ViewTools() {
  const session = useSession()
  const layout = useFacts((state) => state.layout)
  return (
    <div className="view-tools" role="toolbar" aria-label="Panes" data-layout={layout}>
      {LAYOUTS.map(([value, name, title]) => (
        <button
          key={value}
          type="button"
          title={title}
          aria-pressed={layout === value}
          onClick={() => session.setLayout(value)}
        >
          {name}
        </button>
      ))}
      <MeasureTools />
      <button
        type="button"
        title="Draws all slices as large as the one zoomed or moved last, around the crosshair"
        disabled={layout !== 'all'}
        onClick={() => session.spreadZoom()}
      >
        Same zoom
      </button>
      <button type="button" title="Undo zooming, moving and turning" onClick={() => session.resetView()}>
        Reset
      </button>
    </div>
  )
}

const MEASURES: readonly [MeasureKind, string, string][] = [
  ['distance', 'Distance', 'Click two places in a slice'],
  ['angle', 'Angle', 'Click three places in a slice, the corner second'],
]

/** What a click in a slice measures; pressed again, clicks move the crosshair. */
function MeasureTools() {
  const tool = useFacts((state) => state.measureTool)
  const choose = useFacts((state) => state.measureToolChosen)
  return MEASURES.map(([kind, name, title]) => (
    <button
      key={kind}
      type="button"
      title={title}
      aria-pressed={tool === kind}
      onClick={() => choose(tool === kind ? null : kind)}
    >
      {name}
    </button>
  ))
}
