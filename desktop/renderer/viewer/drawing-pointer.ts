import type { DisplayOrientation } from '../../../shared/volume/display-orientation.ts'
import type { Pane, PaneKind } from './pane-layout.ts'
import { isSliceDrag } from './slice-drag.ts'

/** A place in a slice under the pointer. */
export interface SlicePoint {
  /** The axis of the file that the slice is seen along. */
  axis: 'x' | 'y' | 'z'
  /** Voxel of the file, not rounded; voxel centres sit on whole numbers. */
  pointXyz: [number, number, number]
  /** Pixels of the window that one voxel of the file is wide and high here. */
  pixelsPerVoxel: [number, number]
  /** In the picture, pixels from its left upper corner. */
  x: number
  y: number
}

/** What is done with the pointer while a tool is chosen. */
export interface PointerTool {
  /** The pointer is over a slice without a button, or (null) over none. */
  hover(point: SlicePoint | null): void
  start(point: SlicePoint): void
  move(point: SlicePoint): void
  end(): void
}

/** The display axis (0 = x) that each pane is seen along. */
const PANE_AXES: Readonly<Record<PaneKind, number | null>> = { xy: 2, xz: 1, yz: 0, '3d': null }

/**
 * Gives the left button to a tool while there is one. All other buttons, and the left one with Ctrl, ⌘ or Alt, go on to the
 * picture. A stroke stays in the pane in which it began.
 */
export class DrawingPointer {
  tool: PointerTool | null = null
  private readonly locate: (event: MouseEvent) => SlicePoint | null
  private drawingAxis: SlicePoint['axis'] | null = null

  constructor(canvas: HTMLCanvasElement, locate: (event: MouseEvent) => SlicePoint | null, signal: AbortSignal) {
    this.locate = locate
    canvas.addEventListener('mousedown', (event) => this.pressed(event), { capture: true, signal })
    window.addEventListener('mousemove', (event) => this.moved(event, canvas), { capture: true, signal })
    window.addEventListener('mouseup', (event) => this.released(event), { capture: true, signal })
    canvas.addEventListener('mouseleave', () => this.tool?.hover(null), { signal })
  }

  private pressed(event: MouseEvent): void {
    if (!this.tool || event.button !== 0 || event.ctrlKey || event.metaKey || isSliceDrag(event)) return
    const point = this.locate(event)
    if (!point) return
    event.stopImmediatePropagation()
    this.drawingAxis = point.axis
    this.tool.start(point)
  }

  private moved(event: MouseEvent, canvas: HTMLCanvasElement): void {
    if (!this.tool) return
    const isOver = event.target === canvas
    const point = isOver ? this.locate(event) : null
    this.tool.hover(point)
    if (this.drawingAxis === null) return
    event.stopImmediatePropagation()
    if (point?.axis === this.drawingAxis) this.tool.move(point)
  }

  private released(event: MouseEvent): void {
    if (this.drawingAxis === null || event.button !== 0) return
    event.stopImmediatePropagation()
    this.drawingAxis = null
    this.tool?.end()
  }
}

/** A point of the picture, and its size; pixels. */
interface PicturePoint {
  x: number
  y: number
  width: number
  height: number
}

/**
 * The place of the file at a point of the picture; null outside the slices.
 * @param placeAt voxel of the file at a point of the picture, not rounded; null outside the slices
 */
export function slicePointAt(
  pane: Pane | null,
  { x, y, width, height }: PicturePoint,
  { fileAxisXyz }: Pick<DisplayOrientation, 'fileAxisXyz'>,
  placeAt: (x: number, y: number) => [number, number, number] | null,
): SlicePoint | null {
  const across = pane ? PANE_AXES[pane.kind] : null
  const pointXyz = across === null ? null : placeAt(x, y)
  if (!pane || across === null || !pointXyz) return null
  const axis = (['x', 'y', 'z'] as const)[fileAxisXyz[across]]
  const [column, row] = [0, 1, 2].filter((one) => one !== across).map((one) => fileAxisXyz[one])
  // Beside the pointer, towards the middle of its pane, so that both places lie in the volume.
  const step = (length: number, at: number, middle: number) => (at < middle * length ? 8 : -8)
  const dx = step(width, x, pane.left + pane.width / 2)
  const dy = step(height, y, pane.top + pane.height / 2)
  const pixels = (length: number, along: number, other: [number, number, number] | null) =>
    other && other[along] !== pointXyz[along] ? Math.abs(length / (other[along] - pointXyz[along])) : 1
  const pixelsPerVoxel: [number, number] = [pixels(dx, column, placeAt(x + dx, y)), pixels(dy, row, placeAt(x, y + dy))]
  return { axis, pointXyz, pixelsPerVoxel, x, y }
}
