import type { Niivue } from '@niivue/niivue'
import type { PlaneMessage } from '../../../shared/contract/volume-port.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import { inGraphics } from './graphics-span.ts'
import type { Pane, PaneKind } from './pane-layout.ts'
import type { SlicePicture } from './slice-picture.ts'

/** All panes that are on show, or one. */
export type PictureOf = 'shown' | PaneKind

/** What one picture shows beside what is on the screen. */
export interface PictureMoment {
  /** A voxel of the file that the slices go through; absent: where the crosshair is. */
  crosshair?: Xyz
  /** A plane at full resolution for its slice. */
  plane?: PlaneMessage
  /** Of the 3D view, degrees. */
  azimuthDeg?: number
}

export interface PictureOrder extends PictureMoment {
  of: PictureOf
  width: number
  height: number
  hasMask: boolean
  hasCrosshair: boolean
}

/** Where 3D lies in a picture. It is seen without perspective: one length is the same number of pixels everywhere. */
export interface SpacePicture {
  left: number
  top: number
  width: number
  height: number
  /** Pixels that one voxel of the file along the first display axis takes. */
  pxPerVoxel: number
}

/** A picture that was drawn; the canvas holds it until `take` returns. Pixels of the picture. */
export interface DrawnPicture {
  canvas: HTMLCanvasElement
  slices: readonly SlicePicture[]
  space: SpacePicture | null
}

/** What is drawn with; all of it is put back afterwards. */
export interface PictureStage {
  nv: Niivue
  canvas: HTMLCanvasElement
  /** Draws the scene and tells nobody. */
  draw: () => unknown
  /** Goes to the moment that the picture shows; the scene itself is put back here. */
  setMoment: (moment: PictureMoment) => void
  tiles: Niivue['customLayout']
  slicesOf: () => readonly SlicePicture[]
}

/** Pixels of the screen that a pane takes, or the whole canvas where it is not on show. */
export function sizeOnScreen(
  { width, height }: { width: number; height: number },
  panes: readonly Pane[],
  of: PictureOf,
): { width: number; height: number } {
  const pane = panes.find(({ kind }) => kind === of)
  if (!pane) return { width, height }
  return { width: Math.round(pane.width * width), height: Math.round(pane.height * height) }
}

/** The longest side of a picture that this graphics card draws. */
export function longestSide(gl: WebGL2RenderingContext): number {
  const [mostWidth, mostHeight] = gl.getParameter(gl.MAX_VIEWPORT_DIMS)
  return Math.min(
    gl.getParameter(gl.MAX_RENDERBUFFER_SIZE),
    gl.getParameter(gl.MAX_TEXTURE_SIZE),
    mostWidth,
    mostHeight,
  )
}

/**
 * Draws the scene anew at a picture's own size and gives it to `take`, all before the screen is painted again; then size,
 * panes, crosshair and camera are as they were. What is on the screen has to be drawn again.
 * @throws {DomainError} `picture_too_large`, `graphics_lost`
 */
export function drawPicture<T>(stage: PictureStage, order: PictureOrder, take: (drawn: DrawnPicture) => T): T {
  const { nv, canvas, draw } = stage
  const { scene } = nv
  const before = { width: canvas.width, height: canvas.height, tiles: nv.customLayout, opacity: nv.drawOpacity }
  const place = [scene.crosshairPos[0], scene.crosshairPos[1], scene.crosshairPos[2]]
  const azimuth = scene.renderAzimuth
  const { drawCrosshairs3D } = nv
  try {
    resize(stage, order)
    nv.customLayout = stage.tiles
    if (!order.hasMask) nv.drawOpacity = 0
    // The lines on the slices too are drawn by it, and nothing else is.
    if (!order.hasCrosshair) nv.drawCrosshairs3D = () => undefined
    stage.setMoment(order)
    if (order.azimuthDeg !== undefined) scene.renderAzimuth = order.azimuthDeg
    inGraphics('draw', draw)
    return take({ canvas, slices: stage.slicesOf(), space: spaceOf(nv) })
  } finally {
    canvas.width = before.width
    canvas.height = before.height
    nv.customLayout = before.tiles
    nv.drawOpacity = before.opacity
    nv.drawCrosshairs3D = drawCrosshairs3D
    for (const [axis, at] of place.entries()) scene.crosshairPos[axis] = at
    scene.renderAzimuth = azimuth
  }
}

/** A card that runs out of memory gives a smaller picture than was asked for, and says nothing. */
function resize({ nv: { gl }, canvas }: PictureStage, { width, height }: PictureOrder): void {
  if (gl.isContextLost()) throw new DomainError('graphics_lost')
  if (Math.max(width, height) > longestSide(gl)) throw new DomainError('picture_too_large', { width, height })
  canvas.width = width
  canvas.height = height
  if (gl.drawingBufferWidth !== width || gl.drawingBufferHeight !== height)
    throw new DomainError('picture_too_large', { width, height })
}

const RENDER_TILE = 4

function spaceOf(nv: Niivue): SpacePicture | null {
  const tile = nv.screenSlices.find(({ axCorSag }) => axCorSag === RENDER_TILE)
  if (!tile) return null
  const [left, top, width, height] = Array.from(tile.leftTopWidthHeight)
  const { renderAzimuth, renderElevation } = nv.scene
  const [matrix] = nv.calculateMvpMatrix(null, [left, top, width, height], renderAzimuth, renderElevation)
  // How far the picture's x, which is 2 wide, goes for one unit of the world in the direction it goes furthest.
  return { left, top, width, height, pxPerVoxel: (Math.hypot(matrix[0], matrix[4], matrix[8]) * width) / 2 }
}
