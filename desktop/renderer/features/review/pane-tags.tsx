import type { Xyz } from '../../../../shared/volume/zyx.ts'
import { useFacts } from '../../session/use-session.ts'
import type { PaneKind } from '../../viewer/pane-layout.ts'

/** Which plane each pane shows, and where it lies. */
export function PaneTags() {
  const panes = useFacts((state) => state.panes)
  const crosshair = useFacts((state) => state.crosshairXyz)
  const shapeZyx = useFacts((state) => state.volume?.shape_zyx)
  return panes.map((pane) => (
    <div
      key={pane.kind}
      className="pane-tag"
      style={{ left: `${pane.left * 100}%`, top: `${pane.top * 100}%` }}
      data-pane={pane.kind}
    >
      {tagOf(pane.kind, crosshair, shapeZyx)}
    </div>
  ))
}

function tagOf(kind: PaneKind, crosshair: Xyz | null, shapeZyx: readonly [number, number, number] | undefined): string {
  if (kind === '3d' || !crosshair || !shapeZyx) return kind.toUpperCase()
  const [name, index, size] = {
    xy: ['z', crosshair[2], shapeZyx[0]],
    xz: ['y', crosshair[1], shapeZyx[1]],
    yz: ['x', crosshair[0], shapeZyx[2]],
  }[kind]
  return `${kind.toUpperCase()}   ${name} ${index} of ${size}`
}
