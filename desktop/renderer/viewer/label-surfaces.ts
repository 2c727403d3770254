import type { Niivue } from '@niivue/niivue'
import type { Cut } from './display-map.ts'
import type { LevelGrid } from './level-grid.ts'
import { SurfaceDrawing } from './surface-drawing.ts'
import type { SurfaceOrder, SurfaceReply } from './surface-worker.ts'

/** Nothing to show, being made, or shown as the labels are now. */
export type SurfaceState = 'off' | 'making' | 'shown'

// A stroke changes the labels many times a second.
const SETTLED_MS = 250
// Four million triangles: 150 MB with their corners, and drawn in a blink by a card of these years.
const MOST_TRIANGLES = 4_000_000

/** What the patched NiiVue calls when the 3D view has been drawn. */
type Patched = Niivue & { drawSurfaces?: (mvp: Iterable<number>) => void; hasSurfaces?: boolean }

/**
 * Surfaces of the labels in 3D. States: off → making (a worker has the labels) → shown; a change of the labels makes
 * them anew, and what is shown stays until then. Owns the worker and what is on the graphics card.
 */
export class LabelSurfaces {
  private readonly nv: Patched
  private readonly changed: (state: SurfaceState) => void
  private readonly redraw: () => void
  private drawing: SurfaceDrawing | null = null
  private worker: Worker | null = null
  private isOn = false
  private grid: LevelGrid | null = null
  private turn = 0
  private isBusy = false
  private isStale = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private cut: Cut | null = null

  constructor(nv: Niivue, on: { changed: (state: SurfaceState) => void; redraw: () => void }) {
    this.nv = nv
    this.changed = on.changed
    this.redraw = on.redraw
    this.nv.drawSurfaces = (mvp) => this.draw(mvp)
  }

  setOn(isOn: boolean, cut: Cut | null): void {
    this.cut = cut
    if (isOn === this.isOn) return
    this.isOn = isOn
    if (isOn) return this.labelsChanged(this.grid)
    this.forget()
    this.changed('off')
  }

  /** The labels are others now; null where there are none. */
  labelsChanged(grid: LevelGrid | null): void {
    this.grid = grid
    clearTimeout(this.timer)
    if (!this.isOn) return
    if (!grid || !this.nv.drawBitmap) {
      this.forget()
      return this.changed('off')
    }
    this.changed('making')
    this.timer = setTimeout(() => this.order(), SETTLED_MS)
  }

  dispose(): void {
    this.isOn = false
    this.forget()
    this.worker?.terminate()
  }

  /** One order at a time: what changes meanwhile is made after it. */
  private order(): void {
    const { drawBitmap } = this.nv
    if (!this.grid || !drawBitmap) return
    if (this.isBusy) {
      this.isStale = true
      return
    }
    this.isBusy = true
    this.worker ??= this.started()
    const slots = new Uint8Array(drawBitmap)
    const order: SurfaceOrder = {
      turn: ++this.turn,
      slots,
      shapeZyx: this.grid.levelShapeZyx,
      mostTriangles: MOST_TRIANGLES,
    }
    this.worker.postMessage(order, [slots.buffer])
  }

  private started(): Worker {
    const worker = new Worker(new URL('./surface-worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<SurfaceReply>) => this.made(data))
    // Labels that it has no memory for: the 3D view goes on without surfaces.
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      worker.terminate()
      this.worker = null
      this.isBusy = false
      this.changed('off')
    })
    return worker
  }

  private made({ turn, meshes }: SurfaceReply): void {
    this.isBusy = false
    if (this.isStale) {
      this.isStale = false
      return this.order()
    }
    if (!this.isOn || turn !== this.turn || this.nv.gl.isContextLost()) return
    this.drawing ??= new SurfaceDrawing(this.nv.gl)
    this.drawing.take(meshes)
    this.nv.hasSurfaces = true
    this.changed('shown')
    this.redraw()
  }

  private forget(): void {
    clearTimeout(this.timer)
    this.turn++
    this.isStale = false
    this.drawing?.take([])
    this.nv.hasSurfaces = false
    this.redraw()
  }

  private draw(mvp: Iterable<number>): void {
    const { nv, grid, drawing } = this
    if (!this.isOn || !grid || !drawing || nv.drawOpacity === 0) return
    // NiiVue draws 3D in millimetres, the level's corners are these.
    const [first, last] = [nv.frac2mm([0, 0, 0], 0, true), nv.frac2mm([1, 1, 1], 0, true)]
    drawing.draw({
      mvp: Float32Array.from(mvp),
      firstMm: [first[0], first[1], first[2]],
      lastMm: [last[0], last[1], last[2]],
      shapeZyx: grid.levelShapeZyx,
      colors: nv.drawLut.lut,
      cut: this.cut,
    })
  }
}
