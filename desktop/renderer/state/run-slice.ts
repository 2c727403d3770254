import type { StateCreator } from 'zustand'
import type { RunView } from '../../../shared/contract/bridge.ts'
import type { OtherJobList } from '../../../shared/contract/other-jobs.ts'
import type { LabelsMessage } from '../../../shared/contract/volume-port.ts'

/** All runs, the one on show, and how its labels are looked at. Voxels are in the viewer. */
export interface RunSlice {
  /** Newest first. */
  runs: readonly RunView[]
  /** Whose labels are over the open volume. */
  run: RunView | null
  /** Which labels are over the volume now. */
  labelsOnShow: Pick<LabelsMessage, 'run_ref' | 'stage'> | null
  labelColors: Readonly<Record<number, string>>
  hiddenLabels: readonly number[]
  maskOpacity: number
  isMaskVisible: boolean
  exporting: string | null
  /** Jobs on the server that were made elsewhere; null before it was asked. */
  otherJobs: OtherJobList | null
  /** The batch whose table is open. */
  shownBatch: string | null
  runChanged: (run: RunView) => void
  runsKnown: (runs: readonly RunView[], shown: RunView | null) => void
  runRemoved: (runRef: string) => void
  runShown: (runRef: string | null) => void
  labelsShown: (labels: Pick<LabelsMessage, 'run_ref' | 'stage'> | null) => void
  labelColored: (value: number, color: string) => void
  labelToggled: (value: number) => void
  /** These are hidden now, all others seen. */
  labelsHidden: (values: readonly number[]) => void
  maskOpacityChanged: (opacity: number) => void
  maskToggled: () => void
  exportChanged: (format: string | null) => void
  batchShown: (batchRef: string | null) => void
  otherJobsKnown: (jobs: OtherJobList | null) => void
}

export const createRunSlice: StateCreator<RunSlice> = (set) => ({
  runs: [],
  run: null,
  labelsOnShow: null,
  labelColors: {},
  hiddenLabels: [],
  maskOpacity: 0.5,
  isMaskVisible: true,
  exporting: null,
  shownBatch: null,
  otherJobs: null,
  runChanged: (run) =>
    set((state) => ({
      runs: withRun(state.runs, run),
      run: state.run?.run_ref === run.run_ref ? run : state.run,
    })),
  runsKnown: (runs, run) => set({ runs, run }),
  runRemoved: (runRef) => set(({ runs }) => ({ runs: runs.filter((run) => run.run_ref !== runRef) })),
  // Another run begins with the model's own colours; nothing of the one before stays.
  runShown: (runRef) =>
    set((state) =>
      (state.run?.run_ref ?? null) === runRef
        ? {}
        : {
            ...{ labelsOnShow: null, labelColors: {}, hiddenLabels: [], isMaskVisible: true },
            run: state.runs.find((run) => run.run_ref === runRef) ?? null,
          },
    ),
  labelsShown: (labels) => set({ labelsOnShow: labels }),
  labelColored: (value, color) => set(({ labelColors }) => ({ labelColors: { ...labelColors, [value]: color } })),
  labelToggled: (value) =>
    set(({ hiddenLabels }) => ({
      hiddenLabels: hiddenLabels.includes(value)
        ? hiddenLabels.filter((hidden) => hidden !== value)
        : [...hiddenLabels, value],
    })),
  labelsHidden: (hiddenLabels) => set({ hiddenLabels }),
  maskOpacityChanged: (maskOpacity) => set({ maskOpacity }),
  maskToggled: () => set(({ isMaskVisible }) => ({ isMaskVisible: !isMaskVisible })),
  exportChanged: (exporting) => set({ exporting }),
  batchShown: (shownBatch) => set({ shownBatch }),
  otherJobsKnown: (otherJobs) => set({ otherJobs }),
})

function withRun(runs: readonly RunView[], run: RunView): RunView[] {
  const isKnown = runs.some((one) => one.run_ref === run.run_ref)
  return isKnown ? runs.map((one) => (one.run_ref === run.run_ref ? run : one)) : [run, ...runs]
}
