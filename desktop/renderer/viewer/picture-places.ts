import type { Niivue } from '@niivue/niivue'
import { type SlicePoint, slicePointAt } from './drawing-pointer.ts'
import { filePlaceAt, type LevelGrid } from './level-grid.ts'
import { type Pane, paneAt } from './pane-layout.ts'
import type { PictureCamera } from './picture-camera.ts'
import { type SlicePicture, slicePictures } from './slice-picture.ts'

/** Where the file lies in the picture: under the pointer, and in the slices that were drawn. */
export class PicturePlaces {
  grid: LevelGrid | null = null
  panes: readonly Pane[] = []
  private readonly nv: Niivue
  private readonly viewpoint: PictureCamera
  private readonly canvas: HTMLCanvasElement
  private drawnSlices = ''

  constructor(nv: Niivue, viewpoint: PictureCamera, canvas: HTMLCanvasElement) {
    this.nv = nv
    this.viewpoint = viewpoint
    this.canvas = canvas
  }

  paneUnder(event: MouseEvent): Pane | null {
    const { x, y, width, height } = this.canvasPoint(event)
    return paneAt(this.panes, x / width, y / height)
  }

  /** In the picture, pixels of the window from its left upper corner; and its size. */
  canvasPoint(event: MouseEvent): { x: number; y: number; width: number; height: number } {
    const { left, top, width, height } = this.canvas.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top, width, height }
  }

  /** The place of the file under the pointer; null outside the slices. */
  pointUnder(event: MouseEvent): SlicePoint | null {
    const at = this.canvasPoint(event)
    return this.grid && slicePointAt(this.paneUnder(event), at, this.grid.orientation, (x, y) => this.placeAt(x, y))
  }

  /** The slices as they were drawn. @param scale pixels drawn for each pixel that places are given in */
  drawn(scale: number): SlicePicture[] {
    const { nv, grid } = this
    if (!grid || nv.volumes.length === 0) return []
    const [first, last] = [nv.frac2mm([0, 0, 0]), nv.frac2mm([1, 1, 1])]
    return slicePictures(grid, nv.screenSlices, first, last, scale, (kind) => this.viewpoint.zoomOf(kind))
  }

  /** The slices as they were drawn; null where they lie as they did before. */
  newSlices(): SlicePicture[] | null {
    if (!this.grid || this.nv.volumes.length === 0) return null
    const slices = this.drawn(this.nv.uiData.dpr ?? 1)
    const text = JSON.stringify(slices)
    if (text === this.drawnSlices) return null
    this.drawnSlices = text
    return slices
  }

  /** The place of the file, voxels, not rounded, at a point of the canvas; null outside the slices. */
  private placeAt(x: number, y: number): [number, number, number] | null {
    const { nv, grid } = this
    const scale = nv.uiData.dpr ?? 1
    const fraction = nv.canvasPos2frac([x * scale, y * scale])
    return grid && fraction[0] >= 0 ? filePlaceAt(grid, fraction) : null
  }
}
