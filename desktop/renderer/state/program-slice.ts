import type { StateCreator } from 'zustand'
import type { AppState, Theme } from '../../../shared/contract/bridge.ts'
import type { CrashNotice, Preferences, RecentFile } from '../../../shared/contract/preferences.ts'
import type { AppSlice } from './app-slice.ts'

/** What can lie over the window; one at a time. */
export type Sheet = 'settings' | 'help' | 'shortcuts' | 'diagnostics' | 'screenshot' | 'movie'

/** The program around the volumes: what the user set, files of before, what is open over the window. */
export interface ProgramSlice {
  preferences: Preferences | null
  recent: readonly RecentFile[]
  crash: CrashNotice | null
  sheet: Sheet | null
  programKnown: (app: AppState) => void
  preferencesChanged: (preferences: Preferences, theme: Theme) => void
  recentChanged: (recent: readonly RecentFile[]) => void
  crashSeen: () => void
  sheetChanged: (sheet: Sheet | null) => void
}

export const createProgramSlice: StateCreator<ProgramSlice & AppSlice, [], [], ProgramSlice> = (set, get) => ({
  preferences: null,
  recent: [],
  crash: null,
  sheet: null,
  programKnown: ({ preferences, recent, crash }) => set({ preferences, recent, crash }),
  preferencesChanged: (preferences, theme) => {
    set({ preferences })
    get().themeChanged(theme)
  },
  recentChanged: (recent) => set({ recent }),
  crashSeen: () => set({ crash: null }),
  sheetChanged: (sheet) => set({ sheet }),
})
