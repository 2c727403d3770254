import type { DisplayAxis, PlaneMessage, VolumeRequest } from '../../../shared/contract/bridge.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
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
  /** Planes that a picture waits for, by request. */
  private readonly awaited = new Map<number, (plane: PlaneMessage | null) => void>()

  constructor(store: DesktopStore, send: (request: VolumeRequest) => void) {
    this.store = store
    this.send = send
  }

  /** The crosshair, the level, the slab or the panes changed. */
  changed(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.ask(), SETTLED_MS)
  }

  /**
   * A plane, or a slab of planes, for a picture; the slices on the screen stay. Null where the level is as fine, or
   * nothing finer can be given yet.
   * @param index counts along the display axis
   * @throws {DomainError} `canceled`
   */
  fetch(axis: DisplayAxis, index: number, signal: AbortSignal): Promise<PlaneMessage | null> {
    const { volume, level, slab } = this.store.getState()
    if (!volume || !level || !needsPlanes(level, slab.thickness)) return Promise.resolve(null)
    const request_index = ++this.numRequests
    const request = { type: 'plane', volume_ref: volume.volume_ref, request_index } as const
    return new Promise((resolve, reject) => {
      const ended = () => {
        this.awaited.delete(request_index)
        reject(new DomainError('canceled'))
      }
      signal.addEventListener('abort', ended, { once: true })
      this.awaited.set(request_index, (plane) => {
        signal.removeEventListener('abort', ended)
        this.awaited.delete(request_index)
        resolve(plane)
      })
      this.send({ ...request, axis, index, ...slab })
    })
  }

  came(message: PlaneMessage, view: VolumeView | null): void {
    const awaited = this.awaited.get(message.request_index)
    if (awaited) return awaited(message.voxels ? message : null)
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
