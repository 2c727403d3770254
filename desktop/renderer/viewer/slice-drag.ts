import type { Pane, SliceKind } from './pane-layout.ts'

/** What a hand that moves a slice needs to know, and does. */
export interface SliceDragTarget {
  paneUnder(event: MouseEvent): Pane | null
  /** By pixels of the window. */
  moveSlice(kind: SliceKind, dx: number, dy: number): void
}

/** The right or the middle button, or the left one with Alt, moves the slice that it was pressed in. */
export function isSliceDrag({ button, altKey }: Pick<MouseEvent, 'button' | 'altKey'>): boolean {
  return button === 1 || button === 2 || (button === 0 && altKey)
}

/** Moves slices with the mouse before NiiVue's own, until the signal aborts. In 3D the buttons stay NiiVue's. */
export function listenForSliceDrag(canvas: HTMLCanvasElement, target: SliceDragTarget, signal: AbortSignal): void {
  let held: { kind: SliceKind; button: number; x: number; y: number } | null = null
  canvas.addEventListener(
    'mousedown',
    (event) => {
      const pane = target.paneUnder(event)
      if (!isSliceDrag(event) || !pane || pane.kind === '3d') return
      event.stopImmediatePropagation()
      event.preventDefault()
      canvas.focus()
      held = { kind: pane.kind, button: event.button, x: event.clientX, y: event.clientY }
    },
    { capture: true, signal },
  )
  window.addEventListener(
    'mousemove',
    (event) => {
      if (!held) return
      event.stopImmediatePropagation()
      target.moveSlice(held.kind, event.clientX - held.x, event.clientY - held.y)
      held = { ...held, x: event.clientX, y: event.clientY }
    },
    { capture: true, signal },
  )
  window.addEventListener(
    'mouseup',
    (event) => {
      if (held?.button !== event.button) return
      event.stopImmediatePropagation()
      held = null
    },
    { capture: true, signal },
  )
}
