import { Niivue, SLICE_TYPE } from '@niivue/niivue'
import type { LabelsMessage, LevelMessage, PlaneMessage } from '../../../shared/contract/bridge.ts'
import type { MaskPatch, MaskPlane } from '../../../shared/contract/mask-view.ts'
import type { ViewState } from '../../../shared/contract/preferences.ts'
import { toDisplayAxes } from '../../../shared/volume/display-orientation.ts'
import { reverseTriple, type Xyz } from '../../../shared/volume/zyx.ts'
import { DetailPlanes } from './detail-planes.ts'
import { type Display, DisplayShading } from './display-map.ts'
import { DrawingPointer, type PointerTool, type SlicePoint, slicePointAt } from './drawing-pointer.ts'
import { graphicsLimits } from './graphics-limits.ts'
import { inGraphics } from './graphics-span.ts'
import { LabelLayer } from './label-layer.ts'
import { type LabelPlanePart, planeOnDisplay } from './label-planes.ts'
import type { LabelStyle } from './label-slots.ts'
import {
  displayIndexOf,
  filePlaceAt,
  fileVoxelAt,
  fileVoxelBeside,
  fractionOf,
  type LevelGrid,
  middleOf,
} from './level-grid.ts'
import { listenForNavigation } from './navigation.ts'
import { NIIVUE_OPTIONS } from './niivue-options.ts'
import { coarsestPixel, type Layout, type Pane, type PaneKind, paneAt, paneLayout } from './pane-layout.ts'
import {
  type DrawnPicture,
  drawPicture,
  longestSide,
  type PictureMoment,
  type PictureOf,
  type PictureOrder,
  sizeOnScreen,
} from './picture-drawing.ts'
import { type SlicePicture, slicePictures } from './slice-picture.ts'
import { zeroCopyImage } from './zero-copy-image.ts'

const SLICE_TYPES: Readonly<Record<PaneKind, SLICE_TYPE>> = {
  xy: SLICE_TYPE.AXIAL,
  xz: SLICE_TYPE.CORONAL,
  yz: SLICE_TYPE.SAGITTAL,
  '3d': SLICE_TYPE.RENDER,
}
/** Where the picture is looked at from. */
export type Camera = NonNullable<ViewState['camera']>

/** Azimuth and elevation in degrees: all three planes are seen. */
const FIRST_VIEW = [125, 32] as const
const FIRST_SCALE = 0.78
const PANE_GAP_PX = 3

export interface VolumeViewEvents {
  /** The crosshair came to another voxel of the file. */
  onCrosshair: (indexXyz: Xyz) => void
  onPanes: (layout: Layout, panes: readonly Pane[]) => void
  /** The slices were drawn elsewhere, or at another size. */
  onSlices: (slices: readonly SlicePicture[]) => void
  onContextLost: () => void
  /** How the first picture is drawn. */
  firstDisplay: Display
}

/**
 * The picture of one volume: three linked slices and 3D on one canvas, labels over them. The only user of NiiVue.
 * `attach` once, `showLevel` as often as there are volumes or levels; `dispose` ends it. Owns what is on the GPU.
 */
export class VolumeView {
  private readonly nv: Niivue & { isYDown?: boolean }
  private readonly detail: DetailPlanes
  private readonly shading: DisplayShading
  private readonly labels: LabelLayer
  private readonly canvas: HTMLCanvasElement
  private readonly events: VolumeViewEvents
  private readonly ended = new AbortController()
  private readonly resized = new ResizeObserver(() => this.grid && this.applyLayout())
  private grid: LevelGrid | null = null
  private extentXyz: [number, number, number] = [1, 1, 1]
  private layout: Layout = 'all'
  private panes: Pane[] = []
  private windowLowHigh: [number, number] = [0, 1]
  private isDrawQueued = false
  private drawnSlices = ''
  private readonly pointer: DrawingPointer
  private readonly drawUntold: () => unknown

  constructor(canvas: HTMLCanvasElement, events: VolumeViewEvents) {
    this.canvas = canvas
    this.events = events
    this.pointer = new DrawingPointer(canvas, (event) => this.pointUnder(event), this.ended.signal)
    this.nv = new Niivue(NIIVUE_OPTIONS)
    // NiiVue draws by itself while a pane is dragged.
    const draw = this.nv.drawScene.bind(this.nv)
    this.drawUntold = draw
    this.nv.drawScene = () => {
      const drawn = draw()
      this.tellSlices()
      return drawn
    }
    this.detail = new DetailPlanes(this.nv)
    this.shading = new DisplayShading(this.nv)
    this.labels = new LabelLayer(this.nv)
  }

  /** Takes the canvas. @throws when it gives no WebGL 2 context */
  async attach(): Promise<void> {
    const { signal } = this.ended
    this.canvas.addEventListener('webglcontextlost', (event) => this.contextLost(event), { signal })
    listenForNavigation(
      this.canvas,
      {
        paneUnder: (event) => this.paneUnder(event),
        stepCrosshair: (step) => this.stepCrosshair(step),
        zoomSlices: (factor) => this.zoomSlices(factor),
        zoom3D: (factor) => this.nv.setScale(this.nv.scene.volScaleMultiplier * factor),
        paneDoubleClicked: ({ kind }) => this.pointer.tool || this.setLayout(this.layout === 'all' ? kind : 'all'),
      },
      signal,
    )
    this.resized.observe(this.canvas)
    await this.nv.attachToCanvas(this.canvas, false)
    this.detail.attach()
    this.labels.planes.attach()
    this.shading.attach(this.events.firstDisplay)
    this.nv.onLocationChange = () => this.crosshairMoved()
    await this.nv.setVolumeRenderIllumination(-1) // the three planes in 3D
    this.nv.setScale(FIRST_SCALE)
    this.nv.setRenderAzimuthElevation(...FIRST_VIEW)
    this.warmUp()
  }

  /** Draws a tiny volume once: the driver compiles its shaders now, not while the first file is waited for. */
  private warmUp(): void {
    inGraphics('clear', () => {
      this.nv.addVolume(zeroCopyImage(new Uint8Array(64), [4, 4, 4], [1, 1, 1]))
      this.nv.setSliceType(SLICE_TYPE.MULTIPLANAR)
      this.nv.volumes = []
    })
    this.redraw()
  }

  /** How large a level this graphics card takes. */
  limits(): { maxVoxels: number; maxAxis: number } {
    return graphicsLimits(this.nv.gl)
  }

  /**
   * Replaces what is shown. The message's voxels belong to the view from now on. Another level of the same volume keeps
   * the crosshair where it is.
   *
   * @param voxelSizeZyx of the file's axes
   */
  showLevel(level: LevelMessage, voxelSizeZyx: readonly [number, number, number] | null, crosshair: Xyz | null): void {
    const { orientation } = level
    const [px, py, pz] = toDisplayAxes(reverseTriple(voxelSizeZyx ?? [1, 1, 1]), orientation)
    const pixelXyz: [number, number, number] = [1, py / px, pz / px]
    const shapeXyz = reverseTriple(level.shape_zyx)
    this.grid = {
      bin: level.bin,
      levelShapeZyx: level.shape_zyx,
      sourceShapeZyx: level.source_shape_zyx,
      orientation,
    }
    // Every level fills the same space, whatever its bin.
    const unit = level.bin
    this.extentXyz = shapeXyz.map((size, axis) => size * unit * pixelXyz[axis]) as [number, number, number]
    const grid = this.grid
    const pixel = pixelXyz.map((size) => size * unit) as [number, number, number]
    const image = zeroCopyImage(level.voxels, level.shape_zyx, pixel)
    inGraphics('level', () => {
      this.nv.volumes = []
      this.nv.addVolume(image)
      this.detail.placeIn(grid)
      this.detail.hide()
      this.labels.clear()
    })
    this.applyLayout()
    this.shading.setWindow(...this.windowLowHigh)
    this.moveCrosshair(crosshair ?? middleOf(this.grid))
  }

  /** Puts a plane at full resolution on its slice, if the crosshair is still in it. @returns whether it is shown */
  showPlane(plane: PlaneMessage): boolean {
    if (!this.grid || !plane.voxels) return false
    const here = displayIndexOf(this.grid, fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
    if (here['xyz'.indexOf(plane.axis)] !== plane.index) return false
    const { voxels } = plane
    const isShown = inGraphics('plane', () => this.detail.show(plane, voxels))
    this.redraw()
    return isShown
  }

  /** The level is seen on all slices again. */
  hidePlanes(): void {
    this.detail.hide()
    this.redraw()
  }

  /** Y points up unless told otherwise; only how XY is drawn. */
  setYDown(isYDown: boolean): void {
    this.nv.isYDown = isYDown
    this.redraw()
  }

  clear(): void {
    this.grid = null
    inGraphics('clear', () => {
      this.detail.hide()
      this.nv.volumes = []
      this.nv.drawBitmap = null
    })
    this.redraw()
  }

  /** Display window as shares of the level's range. */
  setWindow(low: number, high: number): void {
    this.windowLowHigh = [low, Math.max(high, low + 1e-4)]
    this.shading.setWindow(...this.windowLowHigh)
    this.redraw()
  }

  /** How values become colours, and what 3D shows. */
  setDisplay(display: Display): void {
    this.shading.setDisplay(display)
    this.redraw()
  }

  /** Shows labels over the level of the same grid; others are ignored. The voxels belong to the view from now on. */
  showLabels(message: LabelsMessage): void {
    if (this.grid) this.labels.show(message, this.grid)
    this.redraw()
  }

  /** Labels of a box of the level, in the order of the file, replace what is there. False when all are needed anew. */
  showLabelPatch(patch: MaskPatch): boolean {
    const isShown = this.grid !== null && this.labels.patch(patch, this.grid)
    this.redraw()
    return isShown
  }

  /** Puts labels at full resolution on their slice, if the crosshair is still in it. @returns whether they are shown */
  showLabelPlane(part: LabelPlanePart | MaskPlane): boolean {
    const plane = this.onDisplay(part)
    if (!this.grid || !plane) return false
    const here = displayIndexOf(this.grid, fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
    if (here['xyz'.indexOf(plane.axis)] !== plane.index) return false
    const isShown = inGraphics('labels', () => this.labels.planes.show(plane))
    this.redraw()
    return isShown
  }

  /** Replaces a part of labels that are shown at full resolution. */
  patchLabelPlane(part: MaskPlane): void {
    const plane = this.onDisplay(part)
    if (plane) inGraphics('labels', () => this.labels.planes.patch(plane))
    this.redraw()
  }

  /** The level's labels are seen on all slices again. */
  hideLabelPlanes(): void {
    this.labels.planes.hide()
    this.redraw()
  }

  private onDisplay(part: LabelPlanePart | MaskPlane): LabelPlanePart | null {
    if (!this.grid) return null
    return 'start_zyx' in part ? planeOnDisplay(part, this.grid) : part
  }

  /** Gives the left button to a tool; null gives it back to the crosshair. */
  setPointerTool(tool: PointerTool | null): void {
    this.pointer.tool = tool
    this.canvas.style.cursor = tool ? 'crosshair' : ''
  }

  clearLabels(): void {
    this.labels.clear()
    this.redraw()
  }

  /** Colours and visibility of labels. */
  setLabelStyles(styles: readonly LabelStyle[]): void {
    inGraphics('labels', () => this.labels.setStyles(styles))
    this.redraw()
  }

  setMaskOpacity(opacity: number, isVisible: boolean): void {
    this.labels.setOpacity(opacity, isVisible)
    this.redraw()
  }

  setLayout(layout: Layout): void {
    this.layout = layout
    this.applyLayout()
  }

  moveCrosshair(indexXyz: Xyz): void {
    if (!this.grid) return
    const fraction = fractionOf(this.grid, indexXyz)
    for (let axis = 0; axis < 3; axis++) this.nv.scene.crosshairPos[axis] = fraction[axis]
    this.keepPlanesAt(indexXyz)
    this.redraw()
    this.events.onCrosshair(indexXyz)
  }

  /** Moves the crosshair by voxels of the file along the display axes. */
  stepCrosshair(stepXyz: Xyz): void {
    const { grid } = this
    if (grid) this.moveCrosshair(fileVoxelBeside(grid, fileVoxelAt(grid, this.nv.scene.crosshairPos), stepXyz))
  }

  resetView(): void {
    for (let axis = 0; axis < 4; axis++) this.nv.scene.pan2Dxyzmm[axis] = axis === 3 ? 1 : 0
    this.nv.setScale(FIRST_SCALE)
    this.nv.setRenderAzimuthElevation(...FIRST_VIEW)
    this.fitCrosshair()
    this.redraw()
  }

  /** Zoom and position of the slices, turn and size of the 3D view. */
  camera(): Camera {
    const { pan2Dxyzmm: pan, renderAzimuth, renderElevation, volScaleMultiplier } = this.nv.scene
    return {
      pan_xyz: [pan[0], pan[1], pan[2]],
      zoom: pan[3],
      azimuth_deg: renderAzimuth,
      elevation_deg: renderElevation,
      scale_3d: volScaleMultiplier,
    }
  }

  setCamera({ pan_xyz, zoom, azimuth_deg, elevation_deg, scale_3d }: Camera): void {
    for (const [axis, value] of [...pan_xyz, zoom].entries()) this.nv.scene.pan2Dxyzmm[axis] = value
    this.nv.setScale(scale_3d)
    this.nv.setRenderAzimuthElevation(azimuth_deg, elevation_deg)
    this.fitCrosshair()
    this.redraw()
  }

  /** Pixels that a picture has at the size of the screen, and the longest side that can be drawn. */
  pictureSize(of: PictureOf): { width: number; height: number; longestSide: number } {
    return { ...sizeOnScreen(this.canvas, this.panes, of), longestSide: longestSide(this.nv.gl) }
  }

  /** Draws a picture of its own size; what is on the screen stays. @throws {DomainError} as `drawPicture` does */
  drawPicture<T>(order: PictureOrder, take: (drawn: DrawnPicture) => T): T {
    const whole = { left: 0, top: 0, width: 1, height: 1 }
    const stage = {
      nv: this.nv,
      canvas: this.canvas,
      draw: this.drawUntold,
      tiles: order.of === 'shown' ? this.nv.customLayout : [tileOf({ kind: order.of, ...whole }, 0, 0)],
      setMoment: (moment: PictureMoment) => this.setMoment(moment),
      slicesOf: () => this.slicesDrawn(1),
    }
    try {
      return drawPicture(stage, order, take)
    } finally {
      if (order.plane) this.detail.hide()
      if (this.grid) this.keepPlanesAt(fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
      this.redraw()
    }
  }

  /** Planes at full resolution are seen where the crosshair is in them. */
  private keepPlanesAt(indexXyz: Xyz): void {
    if (!this.grid) return
    const shown = displayIndexOf(this.grid, indexXyz)
    this.detail.keepAt(shown)
    this.labels.planes.keepAt(shown)
  }

  /** Only of the scene: nobody is told, and it does not last. */
  private setMoment({ crosshair, plane }: PictureMoment): void {
    if (!this.grid) return
    if (crosshair)
      for (const [axis, at] of fractionOf(this.grid, crosshair).entries()) this.nv.scene.crosshairPos[axis] = at
    this.keepPlanesAt(crosshair ?? fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
    if (plane?.voxels) this.detail.show(plane, plane.voxels)
  }

  dispose(): void {
    this.ended.abort()
    this.resized.disconnect()
    this.nv.cleanup()
    this.nv.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  private applyLayout(): void {
    const [clientWidth, clientHeight] = [Math.max(1, this.canvas.clientWidth), Math.max(1, this.canvas.clientHeight)]
    this.panes = paneLayout(this.layout, this.extentXyz, clientHeight / clientWidth)
    const tiles = this.panes.map((pane) => tileOf(pane, PANE_GAP_PX / clientWidth, PANE_GAP_PX / clientHeight))
    inGraphics('draw', () => this.nv.setCustomLayout(tiles))
    this.fitCrosshair()
    this.events.onPanes(this.layout, this.panes)
  }

  /** Lines about one pixel wide where the picture is smallest; NiiVue measures them in the volume's own unit. */
  private fitCrosshair(): void {
    const { clientWidth, clientHeight } = this.canvas
    const coarsest = coarsestPixel(this.panes, this.extentXyz, clientWidth, clientHeight)
    inGraphics('draw', () => this.nv.setCrosshairWidth(coarsest / this.nv.scene.pan2Dxyzmm[3]))
  }

  /** Draws once a frame, however often it is asked. */
  private redraw(): void {
    if (this.isDrawQueued) return
    this.isDrawQueued = true
    requestAnimationFrame(() => {
      this.isDrawQueued = false
      if (!this.ended.signal.aborted) inGraphics('draw', () => this.nv.drawScene())
    })
  }

  /** Tells where the file lies in the slices, once it lies elsewhere. */
  private tellSlices(): void {
    if (!this.grid || this.nv.volumes.length === 0) return
    const slices = this.slicesDrawn(this.nv.uiData.dpr ?? 1)
    const drawn = JSON.stringify(slices)
    if (drawn === this.drawnSlices) return
    this.drawnSlices = drawn
    this.events.onSlices(slices)
  }

  /** @param scale pixels drawn for each pixel that places are given in */
  private slicesDrawn(scale: number): SlicePicture[] {
    const { nv, grid } = this
    if (!grid || nv.volumes.length === 0) return []
    return slicePictures(grid, nv.screenSlices, nv.frac2mm([0, 0, 0]), nv.frac2mm([1, 1, 1]), scale)
  }

  private crosshairMoved(): void {
    // A click lies anywhere in a voxel: its middle is taken, as everywhere.
    if (this.grid) this.moveCrosshair(fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
  }

  private paneUnder(event: MouseEvent): Pane | null {
    const box = this.canvas.getBoundingClientRect()
    return paneAt(this.panes, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height)
  }

  /** The place of the file under the pointer; null outside the slices. */
  private pointUnder(event: MouseEvent): SlicePoint | null {
    const box = this.canvas.getBoundingClientRect()
    const at = { x: event.clientX - box.left, y: event.clientY - box.top, width: box.width, height: box.height }
    return this.grid && slicePointAt(this.paneUnder(event), at, this.grid.orientation, (x, y) => this.placeAt(x, y))
  }

  /** The place of the file, voxels, not rounded, at a point of the canvas; null outside the slices. */
  private placeAt(x: number, y: number): [number, number, number] | null {
    const { nv, grid } = this
    const scale = nv.uiData.dpr ?? 1
    const fraction = nv.canvasPos2frac([x * scale, y * scale])
    return grid && fraction[0] >= 0 ? filePlaceAt(grid, fraction) : null
  }

  /** Enlarges the slices about the crosshair. */
  private zoomSlices(factor: number): void {
    if (!this.grid) return
    const { pan2Dxyzmm: pan, crosshairPos } = this.nv.scene
    const before = pan[3]
    const after = Math.min(20, Math.max(0.5, before * factor))
    const centre = this.nv.frac2mm(crosshairPos)
    for (let axis = 0; axis < 3; axis++) pan[axis] += (before - after) * centre[axis]
    pan[3] = after
    this.fitCrosshair()
    this.redraw()
  }

  private contextLost(event: Event): void {
    event.preventDefault()
    if (!this.ended.signal.aborted) this.events.onContextLost()
  }
}

function tileOf({ kind, left, top, width, height }: Pane, gapX: number, gapY: number) {
  const position: [number, number, number, number] = [left, top, width - gapX, height - gapY]
  return { sliceType: SLICE_TYPES[kind], position }
}
