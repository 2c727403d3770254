import type { MaskPlane, MaskRequest } from '../../../shared/contract/mask-view.ts'
import type { DisplayAxis, LabelPlaneMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import type { DesktopStore, Store } from '../state/store.ts'
import { planeIndex } from '../state/view-slice.ts'
import type { LabelPlanePart } from '../viewer/label-planes.ts'
import { PANE_AXIS } from '../viewer/pane-layout.ts'
import type { VolumeView } from '../viewer/volume-view.ts'

// Longer than the pause between two steps of a wheel that is being turned.
const SETTLED_MS = 120

/** Whose labels lie on the slices: those of a mask that is being corrected, or the finished ones of a run. */
type LabelSource =
  | { kind: 'mask'; maskRef: string; state: 'now' | 'before' | 'tried' }
  | { kind: 'run'; runRef: string; labelsOnShow: unknown }

export interface LabelPlaneGround {
  store: DesktopStore
  view: () => VolumeView | null
  askVolume: (request: VolumeRequest) => void
  askMask: (request: MaskRequest) => void
}

/**
 * Asks for the labels of the slices on show at full resolution, where the level on show is coarser, once the crosshair
 * rests, and puts them there. A change of what is shown hides them until they are there anew.
 */
export class LabelPlaneRequests {
  private readonly ground: LabelPlaneGround
  private timer: ReturnType<typeof setTimeout> | undefined
  private numRequests = 0
  private readonly newest = new Map<DisplayAxis, { request: number; index: number }>()
  private readonly shown = new Map<DisplayAxis, number>()

  constructor(ground: LabelPlaneGround) {
    this.ground = ground
    ground.store.subscribe((state, before) => {
      if (state.level !== before.level || !isSame(sourceOf(state), sourceOf(before))) this.begin()
      else if (state.crosshairXyz !== before.crosshairXyz || state.panes !== before.panes) this.changed()
    })
  }

  /** Labels of a run came. */
  runPlaneCame(message: LabelPlaneMessage): void {
    const { axis, index, shape, voxels, request_index, run_ref } = message
    const source = sourceOf(this.ground.store.getState())
    if (source?.kind !== 'run' || source.runRef !== run_ref) return
    this.put(axis, request_index, { axis, index, start: [0, 0], shape, voxels })
  }

  /** Labels of the mask that is being corrected came. */
  maskPlaneCame(plane: MaskPlane & { request_index: number }): void {
    const { level } = this.ground.store.getState()
    if (!level) return
    const fileAxis = 'xyz'.indexOf(plane.axis)
    const axis = AXES[level.orientation.fileAxisXyz.indexOf(fileAxis)]
    this.put(axis, plane.request_index, plane)
  }

  private put(axis: DisplayAxis, request: number, plane: LabelPlanePart | MaskPlane): void {
    const newest = this.newest.get(axis)
    if (newest?.request !== request || !this.ground.view()?.labels.showPlane(plane)) return
    this.shown.set(axis, newest.index)
  }

  private begin(): void {
    this.newest.clear()
    this.shown.clear()
    this.ground.view()?.labels.hidePlanes()
    this.changed()
  }

  private changed(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.ask(), SETTLED_MS)
  }

  private ask(): void {
    const state = this.ground.store.getState()
    const { volume, level, crosshairXyz, panes } = state
    const source = sourceOf(state)
    if (!volume || !level || level.bin === 1 || !crosshairXyz || !source) return
    for (const { kind } of panes) {
      const axis = PANE_AXIS[kind]
      if (!axis) continue
      const index = planeIndex(volume, level, crosshairXyz, axis)
      if (this.shown.get(axis) === index) continue
      const request_index = ++this.numRequests
      this.newest.set(axis, { request: request_index, index })
      if (source.kind === 'run') {
        this.ground.askVolume({ type: 'label_plane', volume_ref: volume.volume_ref, request_index, axis, index })
        continue
      }
      const fileAxis = level.orientation.fileAxisXyz[AXES.indexOf(axis)]
      const at = { axis: AXES[fileAxis], index: crosshairXyz[fileAxis], state: source.state }
      this.ground.askMask({ type: 'plane', mask_ref: source.maskRef, request_index, ...at })
    }
  }
}

const AXES = ['x', 'y', 'z'] as const

/** Null where no labels are there at full resolution: previews. */
function sourceOf({ mask, threshold, showsBefore, labelsOnShow }: Store): LabelSource | null {
  if (mask) {
    const state = threshold ? 'tried' : showsBefore ? 'before' : 'now'
    return { kind: 'mask', maskRef: mask.mask_ref, state }
  }
  return labelsOnShow?.stage === 'final' ? { kind: 'run', runRef: labelsOnShow.run_ref, labelsOnShow } : null
}

function isSame(a: LabelSource | null, b: LabelSource | null): boolean {
  if (a?.kind === 'mask' && b?.kind === 'mask') return a.maskRef === b.maskRef && a.state === b.state
  if (a?.kind === 'run' && b?.kind === 'run') return a.labelsOnShow === b.labelsOnShow
  return a === b
}
