import { roiBetween } from '../state/region.ts'
import type { DesktopStore } from '../state/store.ts'
import type { PointerTool, SlicePoint } from '../viewer/drawing-pointer.ts'

/** A drag in a slice draws the region of the next run there; after it the pointer moves the crosshair again. */
export function regionPointer(store: DesktopStore): PointerTool {
  let first: SlicePoint | null = null
  const { roiZyx: before } = store.getState().choices
  return {
    hover: () => undefined,
    start: (point) => {
      first = point
    },
    move: (point) => {
      const { volume, choicesChanged } = store.getState()
      if (!first || !volume) return
      const across = 'xyz'.indexOf(point.axis)
      choicesChanged({ roiZyx: roiBetween(before, [first.pointXyz, point.pointXyz], across, volume.shape_zyx) })
    },
    end: () => store.getState().regionDrawingChanged(false),
  }
}
