import type { DisplayAxis, PlaneMessage, VolumeMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { DomainError, errorFromEnvelope } from '../../../shared/errors/domain-error.ts'
import type { DesktopStore } from '../state/store.ts'
import { type PlaneFacts, planeIndex } from '../state/view-slice.ts'
import { PANE_AXIS } from '../viewer/pane-layout.ts'
import type { VolumeView } from '../viewer/volume-view.ts'

// Longer than the pause between two steps of a wheel that is being turned.
const SETTLED_MS = 120

interface Awaited {
  resolve: (plane: PlaneMessage | null) => void
  reject: (error: DomainError) => void
}

type PlaneProblem = Pick<Extract<VolumeMessage, { type: 'volume_problem' }>, 'request_index' | 'problem'>

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
  private readonly awaited = new Map<number, Awaited>()

  constructor(store: DesktopStore, send: (request: VolumeRequest) => void) {
    this.store = store
    this.send = send
    store.subscribe((state, before) => {
      if (state.volume?.volume_ref !== before.volume?.volume_ref) this.volumeChanged()
    })
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
   * @throws {DomainError} `canceled`, `volume_not_open` once another volume is on show, what the service says
   */
  async fetch(axis: DisplayAxis, index: number, signal: AbortSignal): Promise<PlaneMessage | null> {
    const { volume, level, slab } = this.store.getState()
    if (signal.aborted) throw new DomainError('canceled')
    if (!volume || !level || !needsPlanes(level, slab.thickness)) return null
    const request_index = ++this.numRequests
    const request = { type: 'plane', volume_ref: volume.volume_ref, request_index, is_awaited: true } as const
    const ended = () => this.awaited.get(request_index)?.reject(new DomainError('canceled'))
    signal.addEventListener('abort', ended, { once: true })
    try {
      return await new Promise<PlaneMessage | null>((resolve, reject) => {
        this.awaited.set(request_index, { resolve, reject })
        this.send({ ...request, axis, index, ...slab })
      })
    } finally {
      signal.removeEventListener('abort', ended)
      this.awaited.delete(request_index)
    }
  }

  came(message: PlaneMessage, view: VolumeView | null): void {
    const awaited = this.awaited.get(message.request_index)
    if (awaited) return awaited.resolve(message.voxels ? message : null)
    if (this.newest.get(message.axis) !== message.request_index) return
    const { planeShown, slab } = this.store.getState()
    if (message.thickness !== slab.thickness || message.projection !== slab.projection) return
    const isFull = message.voxels !== null && (view?.showPlane(message) ?? false)
    planeShown(message.axis, { index: message.index, thickness: message.thickness, isFull })
  }

  /** A problem of the service. @returns whether it is of a plane that a picture waits for, who is told of it */
  failed({ request_index, problem }: PlaneProblem): boolean {
    if (request_index === undefined) return false
    this.awaited.get(request_index)?.reject(errorFromEnvelope(problem))
    return true
  }

  private volumeChanged(): void {
    for (const { reject } of this.awaited.values()) reject(new DomainError('volume_not_open'))
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
