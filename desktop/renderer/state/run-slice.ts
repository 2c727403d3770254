import type { StateCreator } from 'zustand'
import type { LabelsMessage, RunView } from '../../../shared/contract/bridge.ts'

/** The newest run, and how its labels are looked at. Voxels are in the viewer. */
export interface RunSlice {
  run: RunView | null
  /** Which labels are over the volume now. */
  labelsOnShow: Pick<LabelsMessage, 'run_ref' | 'stage'> | null
  labelColors: Readonly<Record<number, string>>
  hiddenLabels: readonly number[]
  maskOpacity: number
  isMaskVisible: boolean
  exporting: string | null
  runChanged: (run: RunView) => void
  runForgotten: () => void
  labelsShown: (labels: Pick<LabelsMessage, 'run_ref' | 'stage'> | null) => void
  labelColored: (value: number, color: string) => void
  labelToggled: (value: number) => void
  maskOpacityChanged: (opacity: number) => void
  maskToggled: () => void
  exportChanged: (format: string | null) => void
}

export const createRunSlice: StateCreator<RunSlice> = (set) => ({
  run: null,
  labelsOnShow: null,
  labelColors: {},
  hiddenLabels: [],
  maskOpacity: 0.5,
  isMaskVisible: true,
  exporting: null,
  // A new run begins with the model's own colours; nothing of an old one stays.
  runChanged: (run) =>
    set((state) =>
      state.run?.run_ref === run.run_ref
        ? { run }
        : { run, labelsOnShow: null, labelColors: {}, hiddenLabels: [], isMaskVisible: true },
    ),
  runForgotten: () => set({ run: null, labelsOnShow: null, labelColors: {}, hiddenLabels: [] }),
  labelsShown: (labels) => set({ labelsOnShow: labels }),
  labelColored: (value, color) => set(({ labelColors }) => ({ labelColors: { ...labelColors, [value]: color } })),
  labelToggled: (value) =>
    set(({ hiddenLabels }) => ({
      hiddenLabels: hiddenLabels.includes(value)
        ? hiddenLabels.filter((hidden) => hidden !== value)
        : [...hiddenLabels, value],
    })),
  maskOpacityChanged: (maskOpacity) => set({ maskOpacity }),
  maskToggled: () => set(({ isMaskVisible }) => ({ isMaskVisible: !isMaskVisible })),
  exportChanged: (exporting) => set({ exporting }),
})
