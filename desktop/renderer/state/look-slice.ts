import type { StateCreator } from 'zustand'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { SurfaceState } from '../viewer/label-surfaces.ts'
import type { SlicePicture } from '../viewer/slice-picture.ts'
import type { DisplaySpacing } from './physical.ts'

/** Two places, or three with the corner in the middle. */
export type MeasureKind = 'distance' | 'angle'
const NUM_POINTS: Readonly<Record<MeasureKind, number>> = { distance: 2, angle: 3 }

/** What was measured in a slice. Places are voxels of the file, not rounded. */
export interface Measurement {
  id: number
  kind: MeasureKind
  /** The axis of the file that the slice is seen along. */
  acrossAxis: 0 | 1 | 2
  pointsXyz: readonly Xyz[]
}

/** What lies over the picture for looking: scale bars and measurements. */
export interface LookSlice {
  /** Where the file lies in the slices that are on show. */
  slices: readonly SlicePicture[]
  displaySpacing: DisplaySpacing | null
  measureTool: MeasureKind | null
  /** Being placed; its last point follows the pointer. */
  draft: Omit<Measurement, 'id'> | null
  measurements: readonly Measurement[]
  surfaces: SurfaceState
  slicesDrawn: (slices: readonly SlicePicture[]) => void
  surfacesChanged: (surfaces: SurfaceState) => void
  displaySpacingGiven: (spacing: DisplaySpacing | null) => void
  measureToolChosen: (tool: MeasureKind | null) => void
  /** A place was clicked. */
  pointPlaced: (pointXyz: Xyz, acrossAxis: 0 | 1 | 2) => void
  /** The pointer is over a place; or over none. */
  pointHovered: (pointXyz: Xyz | null) => void
  /** These were measured before all others. */
  measurementsFound: (measurements: readonly Omit<Measurement, 'id'>[]) => void
  measurementRemoved: (id: number) => void
  measurementsCleared: () => void
}

export const createLookSlice: StateCreator<LookSlice> = (set) => ({
  slices: [],
  surfaces: 'off',
  displaySpacing: null,
  measureTool: null,
  draft: null,
  measurements: [],
  slicesDrawn: (slices) => set({ slices }),
  surfacesChanged: (surfaces) => set({ surfaces }),
  displaySpacingGiven: (displaySpacing) => set({ displaySpacing }),
  measureToolChosen: (measureTool) => set({ measureTool, draft: null }),
  pointPlaced: (pointXyz, acrossAxis) => set((state) => placed(state, pointXyz, acrossAxis)),
  pointHovered: (pointXyz) =>
    set(({ draft }) =>
      draft && pointXyz ? { draft: { ...draft, pointsXyz: [...draft.pointsXyz.slice(0, -1), pointXyz] } } : {},
    ),
  measurementsFound: (found) =>
    set(({ measurements }) => ({ measurements: [...found, ...measurements].map((one, i) => ({ ...one, id: i + 1 })) })),
  measurementRemoved: (id) =>
    set(({ measurements }) => ({ measurements: measurements.filter((measurement) => measurement.id !== id) })),
  measurementsCleared: () => set({ measurements: [], draft: null }),
})

/** A click fixes the point that followed the pointer. In another slice it begins anew. */
function placed(
  { measureTool, draft, measurements }: LookSlice,
  pointXyz: Xyz,
  acrossAxis: 0 | 1 | 2,
): Partial<LookSlice> {
  if (!measureTool) return {}
  const before = draft?.acrossAxis === acrossAxis ? draft.pointsXyz.slice(0, -1) : []
  const pointsXyz = [...before, pointXyz]
  if (pointsXyz.length < NUM_POINTS[measureTool])
    return { draft: { kind: measureTool, acrossAxis, pointsXyz: [...pointsXyz, pointXyz] } }
  const id = 1 + Math.max(0, ...measurements.map((measurement) => measurement.id))
  return { draft: null, measurements: [...measurements, { id, kind: measureTool, acrossAxis, pointsXyz }] }
}
