import type { StateCreator } from 'zustand'
import type { Display } from '../viewer/display-map.ts'

export const FIRST_DISPLAY: Display = {
  colormap: 'gray',
  gamma: 1,
  isInverted: false,
  smoothingVox: 0,
  projection: 'densest',
  cut: null,
  hasSurfaces: false,
}

/** How values become colours, and what 3D shows. Only how it is drawn. */
export interface DisplaySlice {
  display: Display
  displayChanged: (change: Partial<Display>) => void
}

export const createDisplaySlice: StateCreator<DisplaySlice> = (set) => ({
  display: FIRST_DISPLAY,
  displayChanged: (change) => set(({ display }) => ({ display: { ...display, ...change } })),
})
