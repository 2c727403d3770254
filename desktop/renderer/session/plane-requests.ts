import type { DisplayAxis, PlaneMessage, VolumeRequest } from '../../../shared/contract/bridge.ts'
import type { DesktopStore } from '../state/store.ts'
import { type PlaneFacts, planeIndex } from '../state/view-slice.ts'
import { PANE_AXIS } from '../viewer/pane-layout.ts'
import type { VolumeView } from '../viewer/volume-view.ts'

// Longer than the pause between two steps of a wheel that is being turned.
const SETTLED_MS = 120

/**
 * Asks for full-resolution planes once the crosshair rests, for the slices that are on show, and puts them there.
 * Nothing is asked for where the level is the file itself.
 */
export class PlaneRequests {
  private readonly store: DesktopStore
  private readonly send: (request: VolumeRequest) => void
  private timer: ReturnType<typeof setTimeout> | undefined
  private numRequests = 0
  private readonly newest = new Map<DisplayAxis, number>()

  constructor(store: DesktopStore, send: (request: VolumeRequest) => void) {
    this.store = store
    this.send = send
  }

  /** The crosshair, the level, the slab or the panes changed. */
  changed(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.ask(), SETTLED_MS)
  }

  came(message: PlaneMessage, view: VolumeView | null): void {
    if (this.newest.get(message.axis) !== message.request_index) return
    const { planeShown, slab } = this.store.getState()
    if (message.thickness !== slab.thickness || message.projection !== slab.projection) return
    const isFull = message.voxels !== null && (view?.showPlane(message) ?? false)
    planeShown(message.axis, { index: message.index, thickness: message.thickness, isFull })
  }

  private ask(): void {
    const state = this.store.getState()
    const { volume, level, crosshairXyz, panes, slab, detail } = state
    if (!volume || !level || !crosshairXyz || !needsPlanes(level, slab.thickness)) return
    for (const { kind } of panes) {
      const axis = PANE_AXIS[kind]
      if (!axis) continue
      const index = planeIndex(volume, level, crosshairXyz, axis)
      if (isThere(detail[axis], index, slab.thickness)) continue
      this.newest.set(axis, ++this.numRequests)
      const request = { type: 'plane', volume_ref: volume.volume_ref, request_index: this.numRequests } as const
      this.send({ ...request, axis, index, ...slab })
    }
  }
}

/** True where planes of the file show more than the level does, or something else. */
function needsPlanes(level: { bin: number; is_sampled: boolean }, thickness: number): boolean {
  return level.bin > 1 || level.is_sampled || thickness > 1
}

function isThere(plane: PlaneFacts | null, index: number, thickness: number): boolean {
  return plane?.isFull === true && plane.index === index && plane.thickness === thickness
}
