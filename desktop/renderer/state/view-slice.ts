import type { StateCreator } from 'zustand'
import type { Layout, Pane } from '../viewer/pane-layout.ts'

/** The picture's panes, and whether it can be drawn at all. */
export interface ViewSlice {
  layout: Layout
  panes: readonly Pane[]
  /** Rises when the graphics context was lost: the picture is made anew, one level coarser. */
  graphicsLosses: number
  panesChanged: (layout: Layout, panes: readonly Pane[]) => void
  graphicsLost: () => void
}

export const createViewSlice: StateCreator<ViewSlice> = (set) => ({
  layout: 'all',
  panes: [],
  graphicsLosses: 0,
  panesChanged: (layout, panes) => set({ layout, panes }),
  graphicsLost: () => set(({ graphicsLosses }) => ({ graphicsLosses: graphicsLosses + 1 })),
})
