import type { Xyz } from '../../../shared/volume/zyx.ts'
import { PANE_AXIS, type Pane, type SliceKind } from './pane-layout.ts'
import { notchesOf, WheelTurns, zoomFactor } from './wheel-turns.ts'

const KEY_STEPS: Readonly<Record<string, Xyz>> = {
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  ArrowDown: [0, -1, 0],
  ArrowUp: [0, 1, 0],
  PageDown: [0, 0, -1],
  PageUp: [0, 0, 1],
}
/** Times as many planes as else, with Shift. */
const FAST_STEP = 10
const ZOOM_STEP = 1.15
const ZOOM_STEP_3D = 1 / 0.9
const ZOOM_KEYS: Readonly<Record<string, number>> = { '+': ZOOM_STEP, '=': ZOOM_STEP, '-': 1 / ZOOM_STEP }
// A picture is moved in a few strokes and still finely.
const MOVE_STEP_PX = 24

/** What the hand on wheel or keys wants. */
export interface NavigationTarget {
  paneUnder(event: MouseEvent): Pane | null
  /** By voxels of the file along the display axes. */
  stepCrosshair(stepXyz: Xyz): void
  /** Enlarges a slice by a factor, about the pointer; without one the slice used last, about the crosshair. */
  zoomSlice(factor: number, at: { kind: SliceKind; event: MouseEvent } | null): void
  zoom3D(factor: number): void
  /** Planes for each click of the wheel. */
  wheelSpeed(): number
  /** Moves the slice used last by pixels of the window. */
  moveSlice(dx: number, dy: number): void
  paneDoubleClicked(pane: Pane): void
}

/** Wheel, keys and double click of the picture, before NiiVue's own; until the signal aborts. */
export function listenForNavigation(canvas: HTMLCanvasElement, target: NavigationTarget, signal: AbortSignal): void {
  const first = { capture: true, signal } as const
  // NiiVue's own double click resets its window, and its wheel zooms in this drag mode: ours come first.
  canvas.addEventListener(
    'dblclick',
    (event) => {
      event.stopImmediatePropagation()
      const pane = target.paneUnder(event)
      if (pane) target.paneDoubleClicked(pane)
    },
    first,
  )
  const turns = new WheelTurns()
  canvas.addEventListener('wheel', (event) => wheeled(event, turns, target), { ...first, passive: false })
  canvas.addEventListener('keydown', (event) => keyPressed(event, target), first)
}

/** The wheel goes through the slices; with Ctrl or ⌘ (or a pinch), and in 3D, it zooms. */
function wheeled(event: WheelEvent, turns: WheelTurns, target: NavigationTarget): void {
  event.preventDefault()
  event.stopImmediatePropagation()
  const pane = target.paneUnder(event)
  const notches = notchesOf(event)
  if (!pane || notches === 0) return
  const axis = PANE_AXIS[pane.kind]
  if (axis === null || pane.kind === '3d') return target.zoom3D(zoomFactor(notches, ZOOM_STEP_3D))
  if (event.ctrlKey || event.metaKey)
    return target.zoomSlice(zoomFactor(notches, ZOOM_STEP), { kind: pane.kind, event })
  const steps = turns.take(event, target.wheelSpeed())
  if (steps !== 0) target.stepCrosshair(stepAlong(axis, -steps * (event.shiftKey ? FAST_STEP : 1)))
}

function stepAlong(axis: 'x' | 'y' | 'z', step: number): Xyz {
  return [axis === 'x' ? step : 0, axis === 'y' ? step : 0, axis === 'z' ? step : 0]
}

/** Arrows move in x and y, the page keys through z; with Alt arrows move the slice. NiiVue's own keys are left out. */
function keyPressed(event: KeyboardEvent, target: NavigationTarget): void {
  event.stopImmediatePropagation()
  if (event.ctrlKey || event.metaKey) return
  const step = KEY_STEPS[event.key]
  const zoom = ZOOM_KEYS[event.key]
  if (!step && !zoom) return
  event.preventDefault()
  if (zoom) return target.zoomSlice(zoom, null)
  if (event.altKey) return target.moveSlice(step[0] * MOVE_STEP_PX, -step[1] * MOVE_STEP_PX)
  const times = event.shiftKey ? FAST_STEP : 1
  target.stepCrosshair([step[0] * times, step[1] * times, step[2] * times])
}
