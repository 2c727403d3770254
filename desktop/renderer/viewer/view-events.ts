import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { Display } from './display-map.ts'
import type { SurfaceState } from './label-surfaces.ts'
import type { Layout, Pane } from './pane-layout.ts'
import type { Turn } from './picture-camera.ts'
import type { SlicePicture } from './slice-picture.ts'

/** What a view tells of itself, and what it asks. */
export interface VolumeViewEvents {
  /** The crosshair came to another voxel of the file. */
  onCrosshair: (indexXyz: Xyz) => void
  onPanes: (layout: Layout, panes: readonly Pane[]) => void
  /** The slices were drawn elsewhere, or at another size: because the user zoomed or moved one, or else. */
  onSlices: (slices: readonly SlicePicture[], isByHand: boolean) => void
  /** How far the surfaces of the labels are. */
  onSurfaces: (state: SurfaceState) => void
  /** The 3D view was turned or zoomed. */
  onTurned: (turn: Turn) => void
  onContextLost: () => void
  /** Planes for each click of the wheel. */
  wheelSpeed: () => number
  /** How the first picture is drawn. */
  firstDisplay: Display
}
