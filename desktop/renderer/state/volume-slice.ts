import type { StateCreator } from 'zustand'
import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import type { LevelMessage } from '../../../shared/contract/volume-port.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import { autoWindow, type WindowRange } from './window-range.ts'

/** Facts of the level on show; its voxels are in the viewer. */
export type LevelFacts = Pick<LevelMessage, 'bin' | 'low' | 'high' | 'histogram' | 'is_sampled' | 'orientation'>

/** The open volume and how it is looked at. Window limits are shares of the level's range, 0 to 1. */
export interface VolumeSlice {
  opening: string | null
  volume: OpenedVolume | null
  level: LevelFacts | null
  /** Share of the file that was read for the level; null when nothing is being read. */
  levelProgress: number | null
  window: WindowRange
  /** The window was found from the histogram, and is found anew when a better level comes. */
  isWindowAuto: boolean
  crosshairXyz: Xyz | null
  /** Under the crosshair: undefined while it is being read. */
  voxel: { value: number | null; label: number | null } | undefined
  volumeOpening: (name: string) => void
  volumeOpened: (volume: OpenedVolume) => void
  volumeClosed: () => void
  openingEnded: () => void
  levelProgressed: (share: number) => void
  levelShown: (level: LevelFacts) => void
  windowChanged: (window: WindowRange, isAuto?: boolean) => void
  crosshairMoved: (indexXyz: Xyz) => void
  voxelRead: (value: number | null, label: number | null) => void
}

const CLOSED = {
  volume: null,
  level: null,
  levelProgress: null,
  window: { low: 0, high: 1 },
  isWindowAuto: true,
  crosshairXyz: null,
  voxel: undefined,
} as const

export const createVolumeSlice: StateCreator<VolumeSlice> = (set) => ({
  ...CLOSED,
  opening: null,
  volumeOpening: (name) => set({ opening: name }),
  volumeOpened: (volume) => set({ ...CLOSED, opening: null, volume, levelProgress: 0 }),
  volumeClosed: () => set({ ...CLOSED, opening: null }),
  openingEnded: () => set({ opening: null }),
  levelProgressed: (share) => set({ levelProgress: share }),
  levelShown: (level) =>
    set((state) => ({
      level,
      levelProgress: level.is_sampled ? (state.levelProgress ?? 0) : null,
      window: state.isWindowAuto ? autoWindow(level.histogram) : state.window,
    })),
  windowChanged: (window, isAuto = false) => set({ window, isWindowAuto: isAuto }),
  crosshairMoved: (indexXyz) => set({ crosshairXyz: indexXyz, voxel: undefined }),
  voxelRead: (value, label) => set({ voxel: { value, label } }),
})
