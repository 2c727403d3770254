import type { PaneKind } from './pane-layout.ts'

/** A place in a slice under the pointer. */
export interface SlicePoint {
  /** The axis that the slice is seen along. */
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

/** The axis that each pane is seen along. */
export const PANE_AXIS: Readonly<Record<PaneKind, SlicePoint['axis'] | null>> = {
  xy: 'z',
  xz: 'y',
  yz: 'x',
  '3d': null,
}

/**
 * Gives the left button to a tool while there is one. All other buttons, and the left one with Ctrl or ⌘, go on to the
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
    if (!this.tool || event.button !== 0 || event.ctrlKey || event.metaKey) return
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
