import type { StateCreator } from 'zustand'
import type { JobEstimate } from '../../../shared/contract/estimate.ts'
import type { ProblemEnvelope } from '../../../shared/errors/domain-error.ts'
import { NO_CHOICES, type RunChoices } from './run-choices.ts'

/** What a run would take, as far as it is known. */
export type EstimateState =
  | { state: 'none' }
  | { state: 'asking'; before: JobEstimate | null }
  | { state: 'known'; estimate: JobEstimate }
  | { state: 'failed'; problem: ProblemEnvelope }

/** The run that is being ordered: its parameters, where its volume is, and what it would take. */
export interface OrderSlice {
  choices: RunChoices
  /** The pointer draws the region of the next run. */
  isDrawingRegion: boolean
  /** Path of the volume on the server; null: the open file is sent. */
  serverPath: string | null
  estimate: EstimateState
  choicesChanged: (change: Partial<RunChoices>) => void
  choicesReset: () => void
  regionDrawingChanged: (isDrawing: boolean) => void
  serverPathChanged: (path: string | null) => void
  estimateChanged: (estimate: EstimateState) => void
}

export const createOrderSlice: StateCreator<OrderSlice> = (set) => ({
  choices: NO_CHOICES,
  isDrawingRegion: false,
  serverPath: null,
  estimate: { state: 'none' },
  choicesChanged: (change) => set(({ choices }) => ({ choices: { ...choices, ...change } })),
  choicesReset: () => set({ choices: NO_CHOICES }),
  regionDrawingChanged: (isDrawingRegion) => set({ isDrawingRegion }),
  serverPathChanged: (serverPath) => set({ serverPath }),
  estimateChanged: (estimate) => set({ estimate }),
})
