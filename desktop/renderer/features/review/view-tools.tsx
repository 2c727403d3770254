import { useFacts, useSession } from '../../session/use-session.ts'
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
    <div className="view-tools" role="toolbar" aria-label="Panes">
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
      <button type="button" title="Undo zooming, moving and turning" onClick={() => session.resetView()}>
        Reset
      </button>
    </div>
  )
}
