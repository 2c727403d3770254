import type { StateCreator } from 'zustand'
import type { OpenedVolume, ViewSettings } from '../../../shared/contract/bridge.ts'
import type { DisplayAxis, LevelMessage, PlaneProjection } from '../../../shared/contract/volume-port.ts'
import { reverseTriple, type Xyz } from '../../../shared/volume/zyx.ts'
import { displayIndexOf } from '../viewer/level-grid.ts'
import type { Layout, Pane } from '../viewer/pane-layout.ts'

/** The plane of the file that was asked for last across one axis. */
export interface PlaneFacts {
  /** Counted along the display axis. */
  index: number
  thickness: number
  /** It is on the slice; else it cannot be given yet. */
  isFull: boolean
}

/** Planes that are seen as one. */
export interface Slab {
  /** Planes; 1 is a slice. */
  thickness: number
  projection: PlaneProjection
}

/** The picture's panes, and whether it can be drawn at all. */
export interface ViewSlice {
  layout: Layout
  panes: readonly Pane[]
  /** Rises when the graphics context was lost: the picture is made anew. */
  graphicsLosses: number
  /** No finer level is asked for: one level coarser than that with which the graphics context was lost, else 1. */
  leastBin: number
  detail: Readonly<Record<DisplayAxis, PlaneFacts | null>>
  slab: Slab
  isYDown: boolean
  /** Most voxels of a level that the user wants; null leaves it to the graphics card. */
  mostVoxels: number | null
  panesChanged: (layout: Layout, panes: readonly Pane[]) => void
  /** @param bin of the level that was on show; null before there was one */
  graphicsLost: (bin: number | null) => void
  /** What was lost with another volume says nothing of this one. */
  levelsAllowed: () => void
  planeShown: (axis: DisplayAxis, plane: PlaneFacts) => void
  planesHidden: () => void
  slabChanged: (slab: Slab) => void
  yTurned: (isYDown: boolean) => void
  mostVoxelsChanged: (mostVoxels: number | null) => void
  viewRemembered: (view: ViewSettings) => void
}

// Electron allocates no buffer of 2 GB in any of its processes; labels over a level can take two bytes a voxel.
export const MOST_LEVEL_VOXELS = 900 * 2 ** 20

const NO_DETAIL = { x: null, y: null, z: null } as const

export const createViewSlice: StateCreator<ViewSlice> = (set) => ({
  layout: 'all',
  panes: [],
  graphicsLosses: 0,
  leastBin: 1,
  detail: NO_DETAIL,
  slab: { thickness: 1, projection: 'mean' },
  isYDown: false,
  mostVoxels: null,
  panesChanged: (layout, panes) => set({ layout, panes }),
  graphicsLost: (bin) =>
    set(({ graphicsLosses, leastBin }) => ({
      graphicsLosses: graphicsLosses + 1,
      leastBin: bin === null ? leastBin : bin * 2,
      detail: NO_DETAIL,
    })),
  levelsAllowed: () => set({ leastBin: 1 }),
  planeShown: (axis, plane) => set(({ detail }) => ({ detail: { ...detail, [axis]: plane } })),
  planesHidden: () => set({ detail: NO_DETAIL }),
  slabChanged: (slab) => set({ slab, detail: NO_DETAIL }),
  yTurned: (isYDown) => set({ isYDown }),
  mostVoxelsChanged: (mostVoxels) => set({ mostVoxels, leastBin: 1 }),
  viewRemembered: ({ is_y_down, most_voxels }) => set({ isYDown: is_y_down, mostVoxels: most_voxels }),
})

/** The plane across a display axis that a voxel of the file lies in. */
export function planeIndex(
  volume: Pick<OpenedVolume, 'shape_zyx'>,
  { orientation }: Pick<LevelMessage, 'orientation'>,
  indexXyz: Xyz,
  axis: DisplayAxis,
): number {
  const size = reverseTriple(volume.shape_zyx)
  const shown = orientation.fileAxisXyz.map((fileAxis) => size[fileAxis]) as [number, number, number]
  const grid = { sourceShapeZyx: reverseTriple(shown), orientation }
  return displayIndexOf(grid, indexXyz)['xyz'.indexOf(axis)]
}
