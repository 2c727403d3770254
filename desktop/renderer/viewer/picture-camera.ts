import type { Niivue } from '@niivue/niivue'
import type { ViewState } from '../../../shared/contract/preferences.ts'
import type { SliceKind } from './pane-layout.ts'
import { type DrawnTile, SLICE_KINDS } from './slice-picture.ts'
import { centredOn, FITTED, mmPerPx, movedBy, pointMmAt, type SliceZoom, zoomedAbout } from './slice-zoom.ts'

/** Where the picture is looked at from. */
export type Camera = NonNullable<ViewState['camera']>

/** How the 3D view is turned, degrees, and how large it is. */
export interface Turn {
  azimuth: number
  elevation: number
  scale: number
}

/** Azimuth and elevation in degrees: all three planes are seen. */
const FIRST_VIEW = [125, 32] as const
const FIRST_SCALE = 0.78

type Triple = [number, number, number]

/** A point of the canvas, pixels of the window from its left upper corner. */
interface CanvasPoint {
  x: number
  y: number
}

/** Zoom and position of each slice, turn and size of the 3D view. Nothing is drawn here. */
export class PictureCamera {
  private readonly nv: Niivue & { sliceZooms?: SliceZoom[] }
  /** By NiiVue's axial, coronal, sagittal; the patched NiiVue draws by these. */
  private readonly zooms: SliceZoom[] = SLICE_KINDS.map(() => [...FITTED])

  private knownTurn = ''

  constructor(nv: Niivue) {
    this.nv = nv
    this.nv.sliceZooms = this.zooms
  }

  reset(): void {
    for (const index of this.zooms.keys()) this.zooms[index] = [...FITTED]
    this.turn3D()
  }

  /** The first turn of the 3D view; nobody needs to be told of it. */
  begin(): void {
    this.turn3D()
    this.newTurn()
  }

  private turn3D(): void {
    this.nv.setScale(FIRST_SCALE)
    this.nv.setRenderAzimuthElevation(...FIRST_VIEW)
  }

  zoom3D(factor: number): void {
    this.nv.setScale(this.nv.scene.volScaleMultiplier * factor)
  }

  zoomOf(kind: SliceKind): number {
    return this.zooms[SLICE_KINDS.indexOf(kind)][3]
  }

  /** Enlarges one slice about a point, else about the crosshair. */
  zoomSlice(kind: SliceKind, factor: number, about: CanvasPoint | null): void {
    const tile = this.tileOf(kind)
    const point = about && tile ? pointMmAt(tile, about.x * this.dpr, about.y * this.dpr) : this.crosshairMm()
    this.change(kind, (zoom) => zoomedAbout(zoom, factor, point))
  }

  /** Moves one slice by pixels of the window. */
  moveSlice(kind: SliceKind, dx: number, dy: number): void {
    const tile = this.tileOf(kind)
    if (!tile) return
    const from = pointMmAt(tile, 0, 0)
    const to = pointMmAt(tile, dx * this.dpr, dy * this.dpr)
    this.change(kind, (zoom) => movedBy(zoom, [to[0] - from[0], to[1] - from[1], to[2] - from[2]]))
  }

  /** Draws all other slices as large as this one, about the crosshair. */
  spreadZoom(kind: SliceKind): void {
    const from = this.tileOf(kind)
    if (!from) return
    const middle = this.middleMm()
    for (const other of SLICE_KINDS) {
      const tile = this.tileOf(other)
      if (!tile || other === kind) continue
      const factor = mmPerPx(tile) / mmPerPx(from)
      this.change(other, (zoom) => centredOn(this.crosshairMm(), zoom[3] * factor, middle))
    }
  }

  /** Puts a place into the middle of a slice. @param fraction of the level's extent, along the display axes */
  placeSlice(kind: SliceKind, fraction: Triple, factor: number): void {
    const [x, y, z] = this.nv.frac2mm(fraction)
    this.change(kind, (zoom) => centredOn([x, y, z], zoom[3] * factor, this.middleMm()))
  }

  /** How the 3D view is turned, once it is turned otherwise than told last. */
  newTurn(): Turn | null {
    const turn = this.turn()
    const text = JSON.stringify(turn)
    if (text === this.knownTurn) return null
    this.knownTurn = text
    return turn
  }

  setTurn({ azimuth, elevation, scale }: Turn): void {
    this.nv.setScale(scale)
    this.nv.setRenderAzimuthElevation(azimuth, elevation)
    this.knownTurn = JSON.stringify(this.turn())
  }

  turn(): Turn {
    const { renderAzimuth, renderElevation, volScaleMultiplier } = this.nv.scene
    return { azimuth: renderAzimuth, elevation: renderElevation, scale: volScaleMultiplier }
  }

  private middleMm(): Triple {
    const [first, last] = [this.nv.frac2mm([0, 0, 0]), this.nv.frac2mm([1, 1, 1])]
    return [0, 1, 2].map((axis) => (first[axis] + last[axis]) / 2) as Triple
  }

  now(): Camera {
    const { renderAzimuth, renderElevation, volScaleMultiplier } = this.nv.scene
    const [xy, xz, yz] = this.zooms.map(([x, y, z, zoom]) => ({ pan_xyz: [x, y, z] as Triple, zoom }))
    return {
      ...xy,
      slices: { xy, xz, yz },
      azimuth_deg: renderAzimuth,
      elevation_deg: renderElevation,
      scale_3d: volScaleMultiplier,
    }
  }

  set(camera: Camera): void {
    for (const [index, kind] of SLICE_KINDS.entries()) {
      const { pan_xyz, zoom } = camera.slices?.[kind] ?? camera
      this.zooms[index] = [...pan_xyz, zoom]
    }
    this.nv.setScale(camera.scale_3d)
    this.nv.setRenderAzimuthElevation(camera.azimuth_deg, camera.elevation_deg)
  }

  private change(kind: SliceKind, changed: (zoom: SliceZoom) => SliceZoom): void {
    const index = SLICE_KINDS.indexOf(kind)
    this.zooms[index] = changed(this.zooms[index])
  }

  private tileOf(kind: SliceKind): DrawnTile | undefined {
    return this.nv.screenSlices.find((tile) => tile.axCorSag === SLICE_KINDS.indexOf(kind))
  }

  private crosshairMm(): Triple {
    const [x, y, z] = this.nv.frac2mm(this.nv.scene.crosshairPos)
    return [x, y, z]
  }

  private get dpr(): number {
    return this.nv.uiData.dpr ?? 1
  }
}
