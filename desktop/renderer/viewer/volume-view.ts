import { Niivue, SLICE_TYPE } from '@niivue/niivue'
import type { LevelMessage, PlaneMessage } from '../../../shared/contract/volume-port.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import { DetailPlanes } from './detail-planes.ts'
import { type Display, DisplayShading } from './display-map.ts'
import { DrawingPointer, type PointerTool } from './drawing-pointer.ts'
import { graphicsLimits } from './graphics-limits.ts'
import { inGraphics } from './graphics-span.ts'
import { displayIndexOf, fileVoxelAt, fileVoxelBeside, fractionOf, type LevelGrid, middleOf } from './level-grid.ts'
import { levelImage } from './level-image.ts'
import { listenForNavigation } from './navigation.ts'
import { NIIVUE_OPTIONS } from './niivue-options.ts'
import { type Layout, PANE_AXIS, paneLayout, type SliceKind } from './pane-layout.ts'
import { type Camera, PictureCamera, type Turn } from './picture-camera.ts'
import { PicturePlaces } from './picture-places.ts'
import { projectionFacts, type Shares } from './projection-window.ts'
import { listenForSliceDrag } from './slice-drag.ts'
import type { SlicePicture } from './slice-picture.ts'
import { GAP_PX, tilesOf } from './tiles.ts'
import type { VolumeViewEvents } from './view-events.ts'
import { ViewPictures } from './view-pictures.ts'
import { VolumeLabels } from './volume-labels.ts'
import { zeroCopyImage } from './zero-copy-image.ts'

/** How a level is shown. */
export interface LevelPlace {
  voxelSizeZyx: readonly [number, number, number] | null
  /** Null for the middle. */
  crosshair: Xyz | null
  auto: Shares
}

/**
 * The picture of one volume: three linked slices and 3D on one canvas, labels over them. The only user of NiiVue.
 * `attach` once, `showLevel` as often as there are volumes or levels; `dispose` ends it. Owns what is on the GPU.
 */
export class VolumeView {
  readonly labels: VolumeLabels
  readonly pictures: ViewPictures
  private readonly nv: Niivue & { isYDown?: boolean }
  private readonly detail: DetailPlanes
  private readonly shading: DisplayShading
  private readonly viewpoint: PictureCamera
  private readonly places: PicturePlaces
  private readonly canvas: HTMLCanvasElement
  private readonly events: VolumeViewEvents
  private readonly ended = new AbortController()
  private readonly resized = new ResizeObserver(() => this.grid && this.applyLayout())
  private extentXyz: [number, number, number] = [1, 1, 1]
  private layout: Layout = 'all'
  /** The slice that was zoomed or moved last. */
  private usedSlice: SliceKind = 'xy'
  private windowLowHigh: [number, number] = [0, 1]
  private isMovedByHand = false
  private isDrawQueued = false
  private readonly pointer: DrawingPointer

  constructor(canvas: HTMLCanvasElement, events: VolumeViewEvents) {
    this.canvas = canvas
    this.events = events
    this.pointer = new DrawingPointer(canvas, (event) => this.places.pointUnder(event), this.ended.signal)
    this.nv = new Niivue(NIIVUE_OPTIONS)
    // NiiVue draws by itself while a pane is dragged.
    const draw = this.nv.drawScene.bind(this.nv)
    const drawUntold = () => {
      this.detail.prepare(['x', 'y', 'z'])
      return draw()
    }
    this.nv.drawScene = () => {
      this.detail.prepare(this.places.panes.flatMap(({ kind }) => PANE_AXIS[kind] ?? []))
      const drawn = draw()
      this.tellSlices()
      return drawn
    }
    this.detail = new DetailPlanes(this.nv)
    this.shading = new DisplayShading(this.nv)
    this.labels = new VolumeLabels({
      nv: this.nv,
      grid: () => this.grid,
      redraw: () => this.redraw(),
      onSurfaces: events.onSurfaces,
    })
    this.viewpoint = new PictureCamera(this.nv)
    this.places = new PicturePlaces(this.nv, this.viewpoint, canvas)
    this.pictures = new ViewPictures({
      ...{ nv: this.nv, canvas, places: this.places, detail: this.detail, draw: drawUntold },
      keepPlanesAt: (indexXyz) => this.keepPlanesAt(indexXyz),
      redraw: () => this.redraw(),
    })
  }

  private get grid(): LevelGrid | null {
    return this.places.grid
  }

  /** Takes the canvas. @throws when it gives no WebGL 2 context */
  async attach(): Promise<void> {
    const { signal } = this.ended
    this.canvas.addEventListener('webglcontextlost', (event) => this.contextLost(event), { signal })
    listenForNavigation(
      this.canvas,
      {
        paneUnder: (event) => this.places.paneUnder(event),
        stepCrosshair: (step) => this.stepCrosshair(step),
        zoomSlice: (factor, at) => this.zoomSlice(factor, at),
        moveSlice: (dx, dy) => this.moveSlice(this.usedSlice, dx, dy),
        zoom3D: (factor) => this.viewpoint.zoom3D(factor),
        wheelSpeed: this.events.wheelSpeed,
        paneDoubleClicked: ({ kind }) => this.pointer.tool || this.setLayout(this.layout === 'all' ? kind : 'all'),
      },
      signal,
    )
    listenForSliceDrag(
      this.canvas,
      {
        paneUnder: (event) => this.places.paneUnder(event),
        moveSlice: (kind, dx, dy) => this.moveSlice(kind, dx, dy),
      },
      signal,
    )
    this.resized.observe(this.canvas)
    await this.nv.attachToCanvas(this.canvas, false)
    this.detail.attach()
    this.labels.attach(this.events.firstDisplay)
    this.shading.attach(this.events.firstDisplay)
    this.detail.setSmoothing(this.events.firstDisplay.smoothingVox)
    this.nv.onLocationChange = () => this.crosshairMoved()
    await this.nv.setVolumeRenderIllumination(-1) // the three planes in 3D
    this.viewpoint.begin()
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
   * @param auto the window that the level's histogram gives
   */
  showLevel(level: LevelMessage, { voxelSizeZyx, crosshair, auto }: LevelPlace): void {
    this.shading.setLevel({ auto, ...projectionFacts(level) })
    const { image, grid, extentXyz } = levelImage(level, voxelSizeZyx)
    this.extentXyz = extentXyz
    this.places.grid = grid
    inGraphics('level', () => {
      this.nv.volumes = []
      this.nv.addVolume(image)
      this.detail.placeIn(grid)
      this.detail.hide()
      this.labels.clear()
    })
    this.applyLayout()
    this.shading.setWindow(...this.windowLowHigh)
    this.moveCrosshair(crosshair ?? middleOf(grid))
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
    this.places.grid = null
    inGraphics('clear', () => {
      this.detail.hide()
      this.nv.volumes = []
      this.labels.forget()
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
    this.detail.setSmoothing(display.smoothingVox)
    this.labels.setDisplay(display)
    this.redraw()
  }

  /** Gives the left button to a tool; null gives it back to the crosshair. */
  setPointerTool(tool: PointerTool | null): void {
    this.pointer.tool = tool
    this.canvas.style.cursor = tool ? 'crosshair' : ''
  }

  setLayout(layout: Layout): void {
    this.layout = layout
    if (layout !== 'all' && layout !== '3d') this.usedSlice = layout
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
    this.isMovedByHand = true
    this.viewpoint.reset()
    this.redraw()
  }

  /** Draws all slices as large as the one that was zoomed or moved last, about the crosshair. */
  spreadZoom(): void {
    if (this.grid) this.viewpoint.spreadZoom(this.usedSlice)
    this.isMovedByHand = true
    this.redraw()
  }

  /** Zoom and position of the slices, turn and size of the 3D view. */
  camera(): Camera {
    return this.viewpoint.now()
  }

  setCamera(camera: Camera): void {
    this.isMovedByHand = true
    this.viewpoint.set(camera)
    this.redraw()
  }

  /** Shows a slice as another picture shows it. @param pxPerVoxel along the slice's columns, pixels of the window */
  placeSlice({ kind, columns }: SlicePicture, centreXyz: Xyz, pxPerVoxel: number): void {
    if (!this.grid) return
    this.viewpoint.placeSlice(kind, fractionOf(this.grid, centreXyz), pxPerVoxel / Math.abs(columns.pxPerVoxel))
    this.redraw()
  }

  /** How the 3D view is turned. */
  turn(): Turn {
    return this.viewpoint.turn()
  }

  /** Turns the 3D view as another picture is turned. */
  setTurn(turn: Turn): void {
    this.viewpoint.setTurn(turn)
    this.redraw()
  }

  /** Planes at full resolution are seen where the crosshair is in them. */
  private keepPlanesAt(indexXyz: Xyz): void {
    if (!this.grid) return
    const shown = displayIndexOf(this.grid, indexXyz)
    this.detail.keepAt(shown)
    this.labels.keepPlanesAt(shown)
  }

  dispose(): void {
    this.ended.abort()
    this.resized.disconnect()
    this.labels.dispose()
    this.nv.cleanup()
    this.nv.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  private applyLayout(): void {
    const [clientWidth, clientHeight] = [Math.max(1, this.canvas.clientWidth), Math.max(1, this.canvas.clientHeight)]
    const panes = paneLayout(this.layout, this.extentXyz, clientHeight / clientWidth)
    this.places.panes = panes
    const tiles = tilesOf(panes, GAP_PX / clientWidth, GAP_PX / clientHeight)
    inGraphics('draw', () => this.nv.setCustomLayout(tiles))
    this.events.onPanes(this.layout, panes)
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
    const slices = this.places.newSlices()
    if (slices) this.events.onSlices(slices, this.isMovedByHand)
    this.isMovedByHand = false
    const turn = this.viewpoint.newTurn()
    if (turn) this.events.onTurned(turn)
  }

  private crosshairMoved(): void {
    // A click lies anywhere in a voxel: its middle is taken, as everywhere.
    if (this.grid) this.moveCrosshair(fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
  }

  private zoomSlice(factor: number, at: { kind: SliceKind; event: MouseEvent } | null): void {
    if (!this.grid) return
    if (at) this.usedSlice = at.kind
    this.viewpoint.zoomSlice(this.usedSlice, factor, at && this.places.canvasPoint(at.event))
    this.isMovedByHand = true
    this.redraw()
  }

  private moveSlice(kind: SliceKind, dx: number, dy: number): void {
    this.usedSlice = kind
    this.viewpoint.moveSlice(kind, dx, dy)
    this.isMovedByHand = true
    this.redraw()
  }

  private contextLost(event: Event): void {
    event.preventDefault()
    if (!this.ended.signal.aborted) this.events.onContextLost()
  }
}
