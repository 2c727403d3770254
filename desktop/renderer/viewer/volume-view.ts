import { DRAG_MODE, Niivue, SLICE_TYPE } from '@niivue/niivue'
import type { LabelsMessage, LevelMessage } from '../../../shared/contract/bridge.ts'
import type { ViewState } from '../../../shared/contract/preferences.ts'
import { reverseTriple, type Xyz } from '../../../shared/volume/zyx.ts'
import { graphicsLimits } from './graphics-limits.ts'
import { type LabelStyle, slotColors, slotsOf } from './label-slots.ts'
import { fileVoxelAt, fractionOf, type LevelGrid } from './level-grid.ts'
import { coarsestPixel, type Layout, type Pane, type PaneKind, paneAt, paneLayout } from './pane-layout.ts'
import { zeroCopyImage } from './zero-copy-image.ts'

const SLICE_TYPES: Readonly<Record<PaneKind, SLICE_TYPE>> = {
  xy: SLICE_TYPE.AXIAL,
  xz: SLICE_TYPE.CORONAL,
  yz: SLICE_TYPE.SAGITTAL,
  '3d': SLICE_TYPE.RENDER,
}
/** The axis (0 = x) that the wheel moves along in each pane. */
const SCROLL_AXIS: Readonly<Record<PaneKind, number | null>> = { xy: 2, xz: 1, yz: 0, '3d': null }
const KEY_STEPS: Readonly<Record<string, readonly [number, number, number]>> = {
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  ArrowDown: [0, -1, 0],
  ArrowUp: [0, 1, 0],
  PageDown: [0, 0, -1],
  PageUp: [0, 0, 1],
}
/** NiiVue keeps the drawing layer on this texture unit. */
const DRAWING_UNIT = 33_991 // gl.TEXTURE7
const CROSSHAIR_COLOR = [0.36, 0.72, 0.98, 0.55]
/** Where the picture is looked at from. */
export type Camera = NonNullable<ViewState['camera']>

/** Azimuth and elevation in degrees: all three planes are seen. */
const FIRST_VIEW = [125, 32] as const
const FIRST_SCALE = 0.78
const PANE_GAP_PX = 3
const BACKGROUND = [0.055, 0.06, 0.07, 1]

export interface VolumeViewEvents {
  /** The crosshair came to another voxel of the file. */
  onCrosshair: (indexXyz: Xyz) => void
  onPanes: (layout: Layout, panes: readonly Pane[]) => void
  onContextLost: () => void
}

/**
 * The picture of one volume: three linked slices and 3D on one canvas, labels over them. The only user of NiiVue.
 * `attach` once, `showLevel` as often as there are volumes or levels; `dispose` ends it. Owns what is on the GPU.
 */
export class VolumeView {
  private readonly nv: Niivue
  private readonly canvas: HTMLCanvasElement
  private readonly events: VolumeViewEvents
  private readonly ended = new AbortController()
  private readonly resized = new ResizeObserver(() => this.grid && this.applyLayout())
  private grid: LevelGrid | null = null
  private extentXyz: [number, number, number] = [1, 1, 1]
  private layout: Layout = 'all'
  private panes: Pane[] = []
  private styles: readonly LabelStyle[] = []
  private opacity = 0.5
  private isMaskVisible = true
  private windowLowHigh: [number, number] = [0, 1]
  private isDrawQueued = false

  constructor(canvas: HTMLCanvasElement, events: VolumeViewEvents) {
    this.canvas = canvas
    this.events = events
    this.nv = new Niivue({
      backColor: BACKGROUND,
      crosshairColor: CROSSHAIR_COLOR,
      crosshairWidthUnit: 'mm',
      show3Dcrosshair: false,
      isOrientationTextVisible: false,
      isOrientCube: false,
      isRuler: false,
      isColorbar: false,
      isRadiologicalConvention: false,
      dragAndDropEnabled: false,
      viewModeHotKey: '',
      clipPlaneHotKey: '',
      cycleClipPlaneHotKey: '',
      dragMode: DRAG_MODE.pan,
      isForceMouseClickToVoxelCenters: true,
      loadingText: '',
      logLevel: 'error',
    })
  }

  /** Takes the canvas. @throws when it gives no WebGL 2 context */
  async attach(): Promise<void> {
    const { signal } = this.ended
    this.canvas.addEventListener('webglcontextlost', (event) => this.contextLost(event), { signal })
    // NiiVue's own double click resets its window, and its wheel zooms in this drag mode: ours come first.
    this.canvas.addEventListener('dblclick', (event) => this.doubleClicked(event), { capture: true, signal })
    this.canvas.addEventListener('wheel', (event) => this.wheeled(event), { capture: true, signal, passive: false })
    this.canvas.addEventListener('keydown', (event) => this.keyPressed(event), { capture: true, signal })
    this.resized.observe(this.canvas)
    await this.nv.attachToCanvas(this.canvas, false)
    this.nv.onLocationChange = () => this.crosshairMoved()
    await this.nv.setVolumeRenderIllumination(-1) // the three planes in 3D
    this.nv.setScale(FIRST_SCALE)
    this.nv.setRenderAzimuthElevation(...FIRST_VIEW)
  }

  /** How large a level this graphics card takes. */
  limits(): { maxVoxels: number; maxAxis: number } {
    return graphicsLimits(this.nv.gl)
  }

  /** Replaces what is shown. The message's voxels belong to the view from now on. */
  showLevel(level: LevelMessage, voxelSizeZyx: readonly [number, number, number] | null): void {
    const [px, py, pz] = reverseTriple(voxelSizeZyx ?? [1, 1, 1])
    const pixelXyz: [number, number, number] = [1, py / px, pz / px]
    const shapeXyz = reverseTriple(level.shape_zyx)
    this.grid = { bin: level.bin, levelShapeZyx: level.shape_zyx, sourceShapeZyx: level.source_shape_zyx }
    this.extentXyz = shapeXyz.map((size, axis) => size * pixelXyz[axis]) as [number, number, number]
    this.nv.volumes = []
    this.nv.addVolume(zeroCopyImage(level.voxels, level.shape_zyx, pixelXyz))
    this.clearLabels()
    this.applyLayout()
    this.applyWindow()
    this.moveCrosshair(
      reverseTriple(level.source_shape_zyx).map((size) => Math.floor(size / 2)) as [number, number, number],
    )
  }

  clear(): void {
    this.grid = null
    this.nv.volumes = []
    this.nv.drawBitmap = null
    this.redraw()
  }

  /** Display window as shares of the level's range. */
  setWindow(low: number, high: number): void {
    this.windowLowHigh = [low, Math.max(high, low + 1e-4)]
    this.applyWindow()
    this.redraw()
  }

  /** Shows labels over the level of the same grid; others are ignored. The voxels belong to the view from now on. */
  showLabels(message: LabelsMessage): void {
    if (!this.grid || message.bin !== this.grid.bin) return
    const slots = slotsOf(message.voxels, this.styles, message.stage !== 'final')
    this.uploadSlots(slots)
  }

  clearLabels(): void {
    this.nv.drawBitmap = null
    this.nv.drawTexture = this.nv.r8Tex(this.nv.drawTexture, DRAWING_UNIT, [1, 2, 2, 2], true)
    this.redraw()
  }

  /** Colours and visibility of labels. Values keep their slot as long as the list keeps its order. */
  setLabelStyles(styles: readonly LabelStyle[]): void {
    this.styles = styles
    this.nv.drawLut = { lut: slotColors(styles), labels: [] }
    this.nv.refreshColormaps()
    this.redraw()
  }

  setMaskOpacity(opacity: number, isVisible: boolean): void {
    this.opacity = opacity
    this.isMaskVisible = isVisible
    this.nv.drawOpacity = isVisible ? opacity : 0
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
    this.redraw()
    this.events.onCrosshair(indexXyz)
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

  dispose(): void {
    this.ended.abort()
    this.resized.disconnect()
    this.nv.cleanup()
    this.nv.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  private uploadSlots(slots: Uint8Array): void {
    const { nv, grid } = this
    if (!grid) return
    const dims = [3, ...reverseTriple(grid.levelShapeZyx)]
    const isNew = nv.drawBitmap?.length !== slots.length
    nv.drawBitmap = slots
    if (isNew) nv.drawTexture = nv.r8Tex(nv.drawTexture, DRAWING_UNIT, dims, true)
    nv.refreshDrawing(false, false)
    nv.drawOpacity = this.isMaskVisible ? this.opacity : 0
    this.redraw()
  }

  private applyWindow(): void {
    const { gl, sliceMMShader, renderSliceShader } = this.nv
    for (const shader of [sliceMMShader, renderSliceShader]) {
      if (!shader) continue
      shader.use(gl)
      gl.uniform2f(gl.getUniformLocation(shader.program, 'windowLowHigh'), ...this.windowLowHigh)
    }
  }

  private applyLayout(): void {
    const [clientWidth, clientHeight] = [Math.max(1, this.canvas.clientWidth), Math.max(1, this.canvas.clientHeight)]
    this.panes = paneLayout(this.layout, this.extentXyz, clientHeight / clientWidth)
    this.nv.setCustomLayout(
      this.panes.map((pane) => ({
        sliceType: SLICE_TYPES[pane.kind],
        position: [
          pane.left,
          pane.top,
          pane.width - PANE_GAP_PX / clientWidth,
          pane.height - PANE_GAP_PX / clientHeight,
        ] as [number, number, number, number],
      })),
    )
    this.fitCrosshair()
    this.events.onPanes(this.layout, this.panes)
  }

  /** Lines about one pixel wide where the picture is smallest; NiiVue measures them in the volume's own unit. */
  private fitCrosshair(): void {
    const { clientWidth, clientHeight } = this.canvas
    const coarsest = coarsestPixel(this.panes, this.extentXyz, clientWidth, clientHeight)
    this.nv.setCrosshairWidth(coarsest / this.nv.scene.pan2Dxyzmm[3])
  }

  /** Draws once a frame, however often it is asked. */
  private redraw(): void {
    if (this.isDrawQueued) return
    this.isDrawQueued = true
    requestAnimationFrame(() => {
      this.isDrawQueued = false
      if (!this.ended.signal.aborted) this.nv.drawScene()
    })
  }

  private crosshairMoved(): void {
    if (this.grid) this.events.onCrosshair(fileVoxelAt(this.grid, this.nv.scene.crosshairPos))
  }

  private paneUnder(event: MouseEvent): Pane | null {
    const box = this.canvas.getBoundingClientRect()
    return paneAt(this.panes, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height)
  }

  private doubleClicked(event: MouseEvent): void {
    event.stopImmediatePropagation()
    const pane = this.paneUnder(event)
    if (pane) this.setLayout(this.layout === 'all' ? pane.kind : 'all')
  }

  /** The wheel goes through the slices; with Ctrl or ⌘, and in 3D, it zooms. */
  private wheeled(event: WheelEvent): void {
    event.preventDefault()
    event.stopImmediatePropagation()
    const pane = this.paneUnder(event)
    if (!pane || !this.grid) return
    const axis = SCROLL_AXIS[pane.kind]
    const direction = event.deltaY > 0 ? 1 : -1
    if (axis === null) this.nv.setScale(this.nv.scene.volScaleMultiplier * (direction > 0 ? 0.9 : 1 / 0.9))
    else if (event.ctrlKey || event.metaKey) this.zoomSlices(direction > 0 ? 1 / 1.15 : 1.15)
    else
      this.nv.moveCrosshairInVox(
        ...([0, 1, 2].map((one) => (one === axis ? -direction : 0)) as [number, number, number]),
      )
  }

  /** Arrows move in x and y, the page keys through z. NiiVue's own keys are left out. */
  private keyPressed(event: KeyboardEvent): void {
    event.stopImmediatePropagation()
    const step = KEY_STEPS[event.key]
    if (!step || !this.grid || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    this.nv.moveCrosshairInVox(...step)
  }

  /** Enlarges the slices about the crosshair. */
  private zoomSlices(factor: number): void {
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
