import type { Niivue } from '@niivue/niivue'
import type { MaskPatch, MaskPlane } from '../../../shared/contract/mask-view.ts'
import type { LabelsMessage } from '../../../shared/contract/volume-port.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { Display } from './display-map.ts'
import { inGraphics } from './graphics-span.ts'
import { LabelLayer } from './label-layer.ts'
import { type LabelPlanePart, planeOnDisplay } from './label-planes.ts'
import type { LabelStyle } from './label-slots.ts'
import { LabelSurfaces, type SurfaceState } from './label-surfaces.ts'
import { displayIndexOf, fileVoxelAt, type LevelGrid } from './level-grid.ts'

/** What labels need of the picture that they lie over. */
export interface LabelGround {
  nv: Niivue
  grid: () => LevelGrid | null
  redraw: () => void
  onSurfaces: (state: SurfaceState) => void
}

/** The labels over a volume: on its level, at full resolution on the slices, and as surfaces in 3D. */
export class VolumeLabels {
  private readonly ground: LabelGround
  private readonly layer: LabelLayer
  private readonly surfaces: LabelSurfaces

  constructor(ground: LabelGround) {
    this.ground = ground
    this.layer = new LabelLayer(ground.nv)
    this.surfaces = new LabelSurfaces(ground.nv, { changed: ground.onSurfaces, redraw: ground.redraw })
  }

  /** There is a canvas. */
  attach(display: Display): void {
    this.layer.planes.attach()
    this.setDisplay(display)
  }

  setDisplay({ hasSurfaces, cut }: Display): void {
    this.surfaces.setOn(hasSurfaces, cut)
  }

  /** Shows labels over the level of the same grid; others are ignored. The voxels belong to the view from now on. */
  show(message: LabelsMessage): void {
    const grid = this.ground.grid()
    if (grid) this.layer.show(message, grid)
    this.surfaces.labelsChanged(grid)
    this.ground.redraw()
  }

  /** Labels of a box of the level, in the order of the file, replace what is there. False when all are needed anew. */
  patch(patch: MaskPatch): boolean {
    const grid = this.ground.grid()
    const isShown = grid !== null && this.layer.patch(patch, grid)
    if (isShown) this.surfaces.labelsChanged(grid)
    this.ground.redraw()
    return isShown
  }

  /** Puts labels at full resolution on their slice, if the crosshair is still in it. @returns whether they are shown */
  showPlane(part: LabelPlanePart | MaskPlane): boolean {
    const grid = this.ground.grid()
    const plane = grid && onDisplay(part, grid)
    if (!plane) return false
    const here = displayIndexOf(grid, fileVoxelAt(grid, this.ground.nv.scene.crosshairPos))
    if (here['xyz'.indexOf(plane.axis)] !== plane.index) return false
    const isShown = inGraphics('labels', () => this.layer.planes.show(plane))
    this.ground.redraw()
    return isShown
  }

  /** Replaces a part of labels that are shown at full resolution. */
  patchPlane(part: MaskPlane): void {
    const grid = this.ground.grid()
    const plane = grid && onDisplay(part, grid)
    if (plane) inGraphics('labels', () => this.layer.planes.patch(plane))
    this.ground.redraw()
  }

  /** The level's labels are seen on all slices again. */
  hidePlanes(): void {
    this.layer.planes.hide()
    this.ground.redraw()
  }

  /** Planes at full resolution are seen where the crosshair is in them. @param indexXyz along the display axes */
  keepPlanesAt(indexXyz: Xyz): void {
    this.layer.planes.keepAt(indexXyz)
  }

  clear(): void {
    this.layer.clear()
    this.surfaces.labelsChanged(null)
    this.ground.redraw()
  }

  /** There is no volume any more. */
  forget(): void {
    this.ground.nv.drawBitmap = null
    this.surfaces.labelsChanged(null)
  }

  /** Colours and visibility of labels. */
  setStyles(styles: readonly LabelStyle[]): void {
    inGraphics('labels', () => this.layer.setStyles(styles))
    this.ground.redraw()
  }

  setOpacity(opacity: number, isVisible: boolean): void {
    this.layer.setOpacity(opacity, isVisible)
    this.ground.redraw()
  }

  dispose(): void {
    this.surfaces.dispose()
  }
}

function onDisplay(part: LabelPlanePart | MaskPlane, grid: LevelGrid): LabelPlanePart {
  return 'start_zyx' in part ? planeOnDisplay(part, grid) : part
}
