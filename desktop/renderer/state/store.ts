import { createStore } from 'zustand'
import { type AppSlice, createAppSlice } from './app-slice.ts'
import { type ConnectionSlice, createConnectionSlice } from './connection-slice.ts'
import { createDisplaySlice, type DisplaySlice } from './display-slice.ts'
import { createLookSlice, type LookSlice } from './look-slice.ts'
import { createMaskSlice, type MaskSlice } from './mask-slice.ts'
import { createOrderSlice, type OrderSlice } from './order-slice.ts'
import { createPictureSlice, type PictureSlice } from './picture-slice.ts'
import { createProgramSlice, type ProgramSlice } from './program-slice.ts'
import { createRunSlice, type RunSlice } from './run-slice.ts'
import { createViewSlice, type ViewSlice } from './view-slice.ts'
import { createVolumeSlice, type VolumeSlice } from './volume-slice.ts'

/** All that the window knows. Voxels, sockets and graphics objects are never in here. */
export type Store = AppSlice &
  VolumeSlice &
  ViewSlice &
  ConnectionSlice &
  OrderSlice &
  RunSlice &
  MaskSlice &
  ProgramSlice &
  PictureSlice &
  LookSlice &
  DisplaySlice

export function createDesktopStore() {
  return createStore<Store>()((...api) => ({
    ...createAppSlice(...api),
    ...createVolumeSlice(...api),
    ...createViewSlice(...api),
    ...createConnectionSlice(...api),
    ...createOrderSlice(...api),
    ...createRunSlice(...api),
    ...createProgramSlice(...api),
    ...createPictureSlice(...api),
    ...createMaskSlice(...api),
    ...createLookSlice(...api),
    ...createDisplaySlice(...api),
  }))
}
export type DesktopStore = ReturnType<typeof createDesktopStore>
