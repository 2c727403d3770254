import type { Xyz } from '../../../shared/volume/zyx.ts'
import { type Placed, placeIn, pxPerVoxelIn, voxelIn } from '../state/linked-place.ts'
import type { DesktopStore } from '../state/store.ts'
import { placeInMiddle, type SlicePicture } from '../viewer/slice-picture.ts'
import type { VolumeView } from '../viewer/volume-view.ts'

/** One of the two pictures. */
export interface LinkedSide {
  store: DesktopStore
  view: () => VolumeView | null
}

/**
 * Keeps two pictures at the same place: the crosshair of either moves the other's, and so does zooming or moving a
 * slice. What is moved by the link is not passed back.
 */
export class LinkedViews {
  private readonly main: LinkedSide
  private readonly beside: LinkedSide
  private isLinking = false
  private isBesidePlaced = false
  /** The volume that the picture beside was laid out after. */
  private followedRef: string | undefined

  constructor(main: LinkedSide, beside: LinkedSide) {
    this.main = main
    this.beside = beside
  }

  mainMoved(indexXyz: Xyz): void {
    this.pass(this.main, this.beside, indexXyz)
  }

  besideMoved(indexXyz: Xyz): void {
    this.pass(this.beside, this.main, indexXyz)
  }

  /** Where the volume beside is to be looked at first; null while nothing is known. */
  besidePlace(): Xyz | null {
    const { crosshairXyz } = this.main.store.getState()
    const [to, from] = [placedOf(this.beside), placedOf(this.main)]
    return crosshairXyz && to && from ? voxelIn(to, placeIn(to, from, crosshairXyz)).indexXyz : null
  }

  mainDrawn(isByHand: boolean): void {
    const volumeRef = this.main.store.getState().volume?.volume_ref
    const isOther = volumeRef !== this.followedRef
    if ((isByHand || isOther) && this.showAlike(this.main, this.beside)) this.followedRef = volumeRef
  }

  besideDrawn(isByHand: boolean): void {
    if (isByHand) this.showAlike(this.beside, this.main)
    else if (!this.isBesidePlaced) this.isBesidePlaced = this.showAlike(this.main, this.beside)
  }

  /** The picture beside was laid out anew: it takes the place of the other once it is drawn. */
  besideIsUnplaced(): void {
    this.isBesidePlaced = false
  }

  private pass(from: LinkedSide, to: LinkedSide, indexXyz: Xyz): void {
    const [there, here] = [placedOf(to), placedOf(from)]
    if (this.isLinking || !there || !here || !to.store.getState().level) return
    this.isLinking = true
    const { indexXyz: place } = voxelIn(there, placeIn(there, here, indexXyz))
    if (to.store.getState().crosshairXyz?.some((one, axis) => one !== place[axis]) ?? true)
      to.view()?.moveCrosshair(place)
    this.isLinking = false
  }

  /** Puts what is in the middle of each slice there into the middle here, as large. False where nothing is drawn yet. */
  private showAlike(from: LinkedSide, to: LinkedSide): boolean {
    const [there, here] = [placedOf(to), placedOf(from)]
    const { slices, crosshairXyz } = from.store.getState()
    if (!there || !here || !crosshairXyz) return false
    let isShown = false
    for (const slice of to.store.getState().slices) {
      const model = slices.find((one) => one.kind === slice.kind)
      if (!model) continue
      to.view()?.placeSlice(
        slice,
        placeIn(there, here, placeInMiddle(model, crosshairXyz)),
        sizeLike(slice, there, model, here),
      )
      isShown = true
    }
    return isShown
  }
}

function sizeLike(slice: SlicePicture, there: Placed, model: SlicePicture, here: Placed): number {
  const [to, from] = [slice, model].map(({ columns }) => columns.fileAxis)
  return pxPerVoxelIn({ ...there, fileAxis: to }, { ...here, fileAxis: from }, Math.abs(model.columns.pxPerVoxel))
}

function placedOf({ store }: LinkedSide): Placed | null {
  const { volume, displaySpacing } = store.getState()
  return volume && { volume, given: displaySpacing }
}
