import { DomainError } from '../../../shared/errors/domain-error.ts'
import { isMeasuredAt, measureText } from '../state/measure-text.ts'
import { voxelNm } from '../state/physical.ts'
import type { ScreenshotChoice } from '../state/picture-slice.ts'
import type { DesktopStore } from '../state/store.ts'
import type { DrawnPicture, PictureMoment, PictureOf } from '../viewer/picture-drawing.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import { Composer } from './composer.ts'
import { type MeasureLine, measureLine } from './measure-lines.ts'
import { type Box, boxOfVolume, evenSize, scaledBox } from './picture-size.ts'
import { type ScaleMark, scaleMarks } from './scale-marks.ts'

export interface FrameGround {
  store: DesktopStore
  /** The picture there is now: another one after the graphics context was lost. */
  view: () => VolumeView | null
}

export interface FrameLook
  extends Pick<ScreenshotChoice, 'of' | 'scale' | 'hasScaleBar' | 'hasMask' | 'hasCrosshair' | 'hasMeasurements'> {
  /** Only the part of a slice's pane in which the volume is. */
  isTrimmed: boolean
  /** Both sides even, as video wants them. */
  isEven: boolean
}

/** Draws pictures of one look and one size, one after the other, into one canvas. */
export class FrameDrawing {
  readonly composer: Composer
  readonly box: Box
  marks: readonly ScaleMark[] = []
  private readonly ground: FrameGround
  private readonly look: FrameLook
  private readonly drawnSize: { width: number; height: number }
  private readonly volumeRef: string | undefined
  private readonly pixelScale: number

  /** @throws {DomainError} `volume_not_open`, `graphics_lost`, `picture_too_large` */
  constructor(ground: FrameGround, look: FrameLook) {
    this.ground = ground
    this.look = look
    const { of, scale, isTrimmed, isEven } = look
    const { volume } = ground.store.getState()
    this.volumeRef = volume?.volume_ref
    const { view } = this
    const { width, height } = view.pictures.size(of)
    this.drawnSize = { width: width * scale, height: height * scale }
    this.pixelScale = scale * (globalThis.devicePixelRatio || 1)
    const whole = { left: 0, top: 0, width, height }
    const box = scaledBox(isTrimmed && volume ? boxOnScreen(view, of, volume.shape_zyx) : whole, scale)
    this.box = isEven ? { ...box, ...evenSize(box) } : box
    this.composer = new Composer(this.box, this.pixelScale)
  }

  draw(moment: PictureMoment): Composer {
    const { of, hasMask, hasCrosshair } = this.look
    this.view.pictures.draw({ of, ...this.drawnSize, hasMask, hasCrosshair, ...moment }, (drawn) => {
      this.marks = this.look.hasScaleBar ? this.marksOf(drawn) : []
      this.composer.compose(drawn.canvas, this.marks, this.linesOf(drawn, moment))
    })
    return this.composer
  }

  private get view(): VolumeView {
    const view = this.ground.view()
    const { volume, level } = this.ground.store.getState()
    if (!volume || !level || volume.volume_ref !== this.volumeRef) throw new DomainError('volume_not_open')
    if (!view) throw new DomainError('graphics_lost')
    return view
  }

  private linesOf({ slices }: DrawnPicture, { crosshair }: PictureMoment): MeasureLine[] {
    const { volume, measurements, displaySpacing, crosshairXyz } = this.ground.store.getState()
    if (!volume || !this.look.hasMeasurements) return []
    const place = crosshair ?? crosshairXyz
    return slices.flatMap((slice) =>
      measurements
        .filter((one) => one.acrossAxis === slice.acrossAxis && isMeasuredAt(one, place))
        .map((one) => measureLine(one, slice, this.box, measureText(volume, displaySpacing, one))),
    )
  }

  private marksOf({ slices, space }: DrawnPicture): ScaleMark[] {
    const { volume, level, displaySpacing } = this.ground.store.getState()
    if (!volume || !level) return []
    return scaleMarks({
      ...{ slices, space, box: this.box, pixelScale: this.pixelScale },
      voxelNm: (axis) => voxelNm(volume, displaySpacing, axis),
      firstAxis: level.orientation.fileAxisXyz[0] as 0 | 1 | 2,
    })
  }
}

/** The part of a slice's pane in which the volume is, at the size of the screen. */
export function boxOnScreen(view: VolumeView, of: PictureOf, shapeZyx: readonly [number, number, number]): Box {
  const { width, height } = view.pictures.size(of)
  const order = { of, width, height, hasMask: false, hasCrosshair: false }
  const slice = view.pictures.draw(order, ({ slices }) => slices.find(({ kind }) => kind === of))
  return slice ? boxOfVolume(slice, shapeZyx, { width, height }) : { left: 0, top: 0, width, height }
}
