import type { Niivue } from '@niivue/niivue'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { DetailPlanes } from './detail-planes.ts'
import { fileVoxelAt, fractionOf } from './level-grid.ts'
import {
  type DrawnPicture,
  drawPicture,
  longestSide,
  type PictureMoment,
  type PictureOf,
  type PictureOrder,
  sizeOnScreen,
} from './picture-drawing.ts'
import type { PicturePlaces } from './picture-places.ts'
import { tilesOf } from './tiles.ts'

/** The view that pictures are drawn of. */
export interface PictureGround {
  nv: Niivue
  canvas: HTMLCanvasElement
  places: PicturePlaces
  detail: DetailPlanes
  /** Draws the scene and tells nobody. */
  draw: () => unknown
  /** Planes at full resolution are seen where this voxel is in them. */
  keepPlanesAt: (indexXyz: Xyz) => void
  redraw: () => void
}

/** Pictures of a view, each of a size of its own. */
export class ViewPictures {
  private readonly ground: PictureGround

  constructor(ground: PictureGround) {
    this.ground = ground
  }

  /** Pixels that a picture has at the size of the screen, and the longest side that can be drawn. */
  size(of: PictureOf): { width: number; height: number; longestSide: number } {
    const { canvas, places, nv } = this.ground
    return { ...sizeOnScreen(canvas, places.panes, of), longestSide: longestSide(nv.gl) }
  }

  /** Draws a picture; what is on the screen stays. @throws {DomainError} as `drawPicture` does */
  draw<T>(order: PictureOrder, take: (drawn: DrawnPicture) => T): T {
    const { nv, canvas, places, detail, draw, keepPlanesAt, redraw } = this.ground
    const whole = { left: 0, top: 0, width: 1, height: 1 }
    const stage = {
      ...{ nv, canvas, draw },
      tiles: order.of === 'shown' ? nv.customLayout : tilesOf([{ kind: order.of, ...whole }], 0, 0),
      setMoment: (moment: PictureMoment) => this.setMoment(moment),
      slicesOf: () => places.drawn(1),
    }
    try {
      return drawPicture(stage, order, take)
    } finally {
      if (order.plane) detail.hide()
      if (places.grid) keepPlanesAt(fileVoxelAt(places.grid, nv.scene.crosshairPos))
      redraw()
    }
  }

  /** Only of the scene: nobody is told, and it does not last. */
  private setMoment({ crosshair, plane }: PictureMoment): void {
    const { nv, places, detail, keepPlanesAt } = this.ground
    const { grid } = places
    if (!grid) return
    if (crosshair) for (const [axis, at] of fractionOf(grid, crosshair).entries()) nv.scene.crosshairPos[axis] = at
    keepPlanesAt(crosshair ?? fileVoxelAt(grid, nv.scene.crosshairPos))
    if (plane?.voxels) detail.show(plane, plane.voxels)
  }
}
