import type { ViewState } from '../../../shared/contract/preferences.ts'
import type { Store } from '../state/store.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import type { BridgeClient } from './bridge-client.ts'
import {
  displayOf,
  keptCorrected,
  keptDisplay,
  keptMeasurements,
  restoreCorrected,
  restoreMeasurements,
} from './kept-look.ts'
import type { Session } from './session.ts'

// A drag or a turn of the wheel is written once, after it.
const KEEP_AFTER_MS = 600

export interface ViewMemoryGround {
  session: Session
  bridge: BridgeClient
  view: () => VolumeView | null
}

/**
 * Keeps how each file is looked at, and looks at it so again when it is opened: layout, crosshair, camera, window,
 * gamma, colour map, colours and visibility of labels, what was measured. States: waiting for the first level → restoring → keeping.
 */
export class ViewMemory {
  private readonly ground: ViewMemoryGround
  private volumeRef: string | null = null
  private found: ViewState | null = null
  private isKeeping = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private lastKept = ''

  constructor(ground: ViewMemoryGround) {
    this.ground = ground
  }

  begin(): void {
    this.ground.session.store.subscribe((state, before) => this.storeChanged(state, before))
    // The camera is NiiVue's and in no store: whatever the user does may have moved it.
    for (const type of ['pointerup', 'wheel', 'keyup'] as const)
      window.addEventListener(type, () => this.keepLater(), { passive: true })
  }

  private storeChanged(state: Store, before: Store): void {
    const volumeRef = state.volume?.volume_ref ?? null
    if (volumeRef !== this.volumeRef) this.volumeChanged(volumeRef)
    else if (state.level && !before.level) queueMicrotask(() => void this.restore())
    if (state.labelsOnShow && !before.labelsOnShow) this.restoreLabels(state)
    if (state.mask && state.mask.mask_ref !== before.mask?.mask_ref) this.restoreMask()
    const isChanged = KEPT.some((key) => state[key] !== before[key])
    if (isChanged) this.keepLater()
  }

  private volumeChanged(volumeRef: string | null): void {
    clearTimeout(this.timer)
    this.volumeRef = volumeRef
    this.found = null
    this.isKeeping = false
    this.lastKept = ''
  }

  private async restore(): Promise<void> {
    const { volumeRef } = this
    if (!volumeRef || this.isKeeping) return
    const found = await this.ground.bridge.request('view_state.find', volumeRef).catch(() => null)
    if (this.volumeRef !== volumeRef) return
    this.found = found
    if (found) this.apply(found)
    restoreMeasurements(found?.measurements, () => this.store)
    this.isKeeping = true
    this.restoreLabels(this.store)
    this.restoreMask()
  }

  private apply({ layout, crosshair_xyz, window: range, camera, display }: ViewState): void {
    const { session, view } = this.ground
    const { level, volume, maskOpacityChanged, displayChanged } = this.store
    session.setLayout(layout)
    if (display) displayChanged(displayOf(display))
    if (camera) view()?.setCamera(camera)
    const [sizeZ, sizeY, sizeX] = volume?.shape_zyx ?? [0, 0, 0]
    const isInside = crosshair_xyz?.every((index, axis) => index >= 0 && index < [sizeX, sizeY, sizeZ][axis])
    if (crosshair_xyz && isInside) session.moveCrosshair(crosshair_xyz)
    if (range && level && level.high > level.low) {
      const share = (value: number) => Math.min(1, Math.max(0, (value - level.low) / (level.high - level.low)))
      session.setWindow({ low: share(range.low), high: share(range.high) })
    }
    if (this.found) maskOpacityChanged(this.found.mask_opacity)
  }

  /** Colours are of the labels of one model. */
  private restoreLabels({ run, labelColors, hiddenLabels, labelColored, labelToggled }: Store): void {
    const { found } = this
    if (!found || !run || found.label_model !== run.model_id || !this.store.labelsOnShow) return
    if (Object.keys(labelColors).length > 0 || hiddenLabels.length > 0) return
    for (const { value, color } of found.label_colors) labelColored(value, color)
    for (const value of found.hidden_labels) labelToggled(value)
    if (!found.is_mask_visible && this.store.isMaskVisible) this.store.maskToggled()
  }

  /** What is changed while it is restored is the same as what is kept. */
  private restoreMask(): void {
    restoreCorrected(this.found?.corrected, () => this.store)
  }

  private keepLater(): void {
    if (!this.isKeeping) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.keep(), KEEP_AFTER_MS)
  }

  private async keep(): Promise<void> {
    const { volumeRef } = this
    if (!volumeRef) return
    const state = this.now()
    const text = JSON.stringify(state)
    if (text === this.lastKept) return
    this.lastKept = text
    this.found = state
    await this.ground.bridge.request('view_state.keep', { volume_ref: volumeRef, state }).catch(() => undefined)
  }

  private now(): ViewState {
    const state = this.store
    const { level, crosshairXyz, labelColors } = state
    const corrected = keptCorrected(state) ?? this.found?.corrected
    const inUnits = (share: number) => (level ? level.low + share * (level.high - level.low) : 0)
    return {
      layout: state.layout,
      crosshair_xyz: crosshairXyz ? [crosshairXyz[0], crosshairXyz[1], crosshairXyz[2]] : null,
      window: level ? { low: inUnits(state.window.low), high: inUnits(state.window.high) } : null,
      camera: this.ground.view()?.camera() ?? null,
      ...(state.run && state.labelsOnShow && !state.mask
        ? {
            label_model: state.run.model_id,
            label_colors: Object.entries(labelColors).map(([value, color]) => ({ value: Number(value), color })),
            hidden_labels: [...state.hiddenLabels],
          }
        : {
            label_model: this.found?.label_model ?? null,
            label_colors: this.found?.label_colors ?? [],
            hidden_labels: this.found?.hidden_labels ?? [],
          }),
      mask_opacity: state.maskOpacity,
      is_mask_visible: state.isMaskVisible,
      display: keptDisplay(state.display),
      measurements: keptMeasurements(state),
      ...(corrected ? { corrected } : {}),
    }
  }

  private get store(): Store {
    return this.ground.session.store.getState()
  }
}

const KEPT = [
  'layout',
  'crosshairXyz',
  'window',
  'labelColors',
  'hiddenLabels',
  'labelOpacities',
  'display',
  'maskOpacity',
  'isMaskVisible',
  'measurements',
] as const satisfies readonly (keyof Store)[]
