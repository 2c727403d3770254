import type { Niivue } from '@niivue/niivue'
import { type SlicePoint, slicePointAt } from './drawing-pointer.ts'
import { filePlaceAt, type LevelGrid } from './level-grid.ts'
import { type Pane, paneAt } from './pane-layout.ts'
import { type SlicePicture, slicePictures } from './slice-picture.ts'

/** Where the file lies in the picture: under the pointer, and in the slices that were drawn. */
export class PicturePlaces {
  grid: LevelGrid | null = null
  panes: readonly Pane[] = []
  private readonly nv: Niivue
  private readonly canvas: HTMLCanvasElement
  private drawnSlices = ''

  constructor(nv: Niivue, canvas: HTMLCanvasElement) {
    this.nv = nv
    this.canvas = canvas
  }

  paneUnder(event: MouseEvent): Pane | null {
    const box = this.canvas.getBoundingClientRect()
    return paneAt(this.panes, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height)
  }

  /** The place of the file under the pointer; null outside the slices. */
  pointUnder(event: MouseEvent): SlicePoint | null {
    const box = this.canvas.getBoundingClientRect()
    const at = { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width, height: box.height }
    return this.grid && slicePointAt(this.paneUnder(event), at, this.grid.orientation, (x, y) => this.placeAt(x, y))
  }

  /** The slices as they were drawn; null where they lie as they did before. */
  newSlices(): SlicePicture[] | null {
    const { nv, grid } = this
    if (!grid || nv.volumes.length === 0) return null
    const [first, last] = [nv.frac2mm([0, 0, 0]), nv.frac2mm([1, 1, 1])]
    const slices = slicePictures(grid, nv.screenSlices, first, last, nv.uiData.dpr ?? 1)
    const drawn = JSON.stringify(slices)
    if (drawn === this.drawnSlices) return null
    this.drawnSlices = drawn
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
