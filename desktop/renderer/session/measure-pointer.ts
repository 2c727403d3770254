import type { DesktopStore } from '../state/store.ts'
import type { PointerTool } from '../viewer/drawing-pointer.ts'
import { placed } from './pointer-tools.ts'

/** Each click in a slice is a place that is measured from or to. */
export function measurePointer(store: DesktopStore): PointerTool {
  return {
    hover: (point) => {
      const { draft, pointHovered } = store.getState()
      if (draft) pointHovered(point && 'xyz'.indexOf(point.axis) === draft.acrossAxis ? placed(point, store) : null)
    },
    start: (point) => store.getState().pointPlaced(placed(point, store), 'xyz'.indexOf(point.axis) as 0 | 1 | 2),
    move: () => undefined,
    end: () => undefined,
  }
}
