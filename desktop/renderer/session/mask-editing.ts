import type {
  BridgeChannel,
  BridgeInput,
  BridgeOutput,
  ExportedFile,
  MaskFormat,
} from '../../../shared/contract/bridge.ts'
import type { MaskOperation } from '../../../shared/contract/mask-edit.ts'
import type { LabelChange, MaskMessage, MaskRequest, MaskView } from '../../../shared/contract/mask-view.ts'
import { orientVoxels, toDisplayAxes } from '../../../shared/volume/display-orientation.ts'
import { reverseTriple, type Xyz } from '../../../shared/volume/zyx.ts'
import type { Tool } from '../state/mask-slice.ts'
import type { DesktopStore } from '../state/store.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import { BrushStrokes } from './brush-strokes.ts'
import { NO_MARK, pointerTool, type ToolMark } from './pointer-tools.ts'
import { ServicePort } from './service-port.ts'
import { tellExport } from './tell-export.ts'

/** What correcting needs of the session. */
export interface EditingGround {
  store: DesktopStore
  request<C extends BridgeChannel>(channel: C, input: BridgeInput<C>): Promise<BridgeOutput<C>>
  /** Does work; a failure becomes a notice. */
  attempt(work: () => Promise<unknown>): Promise<void>
  view(): VolumeView | null
  /** Shows the labels again that were there before the correcting. */
  showRunAgain(): void
  /** A slice at full resolution that was asked for. */
  planeCame(plane: Extract<MaskMessage, { type: 'plane' }>): void
}

/** Correcting a mask in the window: tools, the port to the mask service, and what the user asks for. */
export class MaskEditing {
  /** Told where the tool is; set by the overlay that draws it. */
  onMark: (mark: ToolMark) => void = () => undefined
  private readonly ground: EditingGround
  private readonly port = new ServicePort<MaskRequest, MaskMessage>((message) => this.messageCame(message))
  private readonly strokes = new BrushStrokes((operation) => this.applyNow(operation))
  private numLabelRequests = 0
  /** Labels of the run that were hidden before the correcting. */
  private hiddenBefore: readonly number[] = []

  constructor(ground: EditingGround) {
    this.ground = ground
    ground.store.subscribe((state, before) => {
      if (state.mask?.mask_ref !== before.mask?.mask_ref) this.strokes.forget()
      if (state.tool !== before.tool || state.mask?.mask_ref !== before.mask?.mask_ref) this.toolChanged()
      if (state.mask && state.showsBefore !== before.showsBefore) this.showLevel()
      if (state.mask && state.threshold !== before.threshold) this.thresholdMoved()
      if (state.mask?.labels.length !== before.mask?.labels.length && before.mask && state.mask) this.showLevel()
    })
  }

  /** True while a mask is being corrected: labels of runs are not drawn then. */
  get isActive(): boolean {
    return this.ground.store.getState().mask !== null
  }

  portCame(port: MessagePort): void {
    this.port.came(port)
    if (this.isActive) this.showLevel()
  }

  maskChanged(mask: MaskView): void {
    const { mask: before, maskChanged, hiddenLabels, labelsHidden } = this.ground.store.getState()
    const isNew = before?.mask_ref !== mask.mask_ref
    if (!before) this.hiddenBefore = hiddenLabels
    // A run's mask is looked at as the run was.
    if (isNew) labelsHidden(mask.origin === 'run' ? this.hiddenBefore : [])
    maskChanged(mask)
    if (isNew) this.showLevel()
  }

  maskClosed(maskRef: string): void {
    const { mask, maskClosed, labelsHidden } = this.ground.store.getState()
    if (mask?.mask_ref !== maskRef) return
    maskClosed()
    labelsHidden(this.hiddenBefore)
    this.onMark(NO_MARK)
    this.ground.view()?.labels.clear()
    this.ground.showRunAgain()
  }

  /** Asks for all labels of the level on show. */
  showLevel(): void {
    const { level, mask, showsBefore } = this.ground.store.getState()
    if (level && mask)
      this.port.send({ type: 'view', mask_ref: mask.mask_ref, bin: level.bin, state: showsBefore ? 'before' : 'now' })
  }

  crosshairMoved(indexXyz: Xyz): void {
    this.withMask(({ mask_ref }) =>
      this.port.send({ type: 'label_at', mask_ref, request_index: ++this.numLabelRequests, index_xyz: [...indexXyz] }),
    )
  }

  toolChanged(): void {
    const { tool, mask } = this.ground.store.getState()
    this.onMark(NO_MARK)
    const { store } = this.ground
    const ground = { store, strokes: this.strokes, apply: this.apply, mark: (mark: ToolMark) => this.onMark(mark) }
    this.ground.view()?.setPointerTool(mask ? pointerTool(tool, ground) : null)
  }

  begin = (input: BridgeInput<'mask.edit'>) => this.ground.attempt(() => this.ground.request('mask.edit', input))

  /** After the strokes that were drawn before it. */
  apply = async (operation: MaskOperation): Promise<void> => {
    await this.strokes.sent()
    await this.applyNow(operation)
  }

  private async applyNow(operation: MaskOperation): Promise<void> {
    const { mask, beforeToggled, showsBefore } = this.ground.store.getState()
    if (!mask) return
    if (showsBefore) beforeToggled(false)
    await this.ground.attempt(() => this.ground.request('mask.apply', { mask_ref: mask.mask_ref, operation }))
  }

  undo = () => this.requestOfMask('mask.undo')
  redo = () => this.requestOfMask('mask.redo')
  cancel = () =>
    this.withMask(({ mask_ref }) => this.ground.attempt(() => this.ground.request('mask.cancel', { mask_ref })))

  /** Fills between slices along the axis of the pane that was drawn in, at the crosshair. */
  interpolate = (axis: 'x' | 'y' | 'z') => {
    const { crosshairXyz, activeLabel: label } = this.ground.store.getState()
    if (crosshairXyz) void this.apply({ kind: 'interpolate', label, axis, index: crosshairXyz['xyz'.indexOf(axis)] })
  }

  changeLabel = (change: Omit<LabelChange, 'mask_ref'>) =>
    this.withMask(({ mask_ref }) =>
      this.ground.attempt(() => this.ground.request('mask.label', { mask_ref, ...change })),
    )

  /** Adds a label with the next free value, and chooses it. */
  addLabel = () =>
    this.withMask(({ labels }) => {
      const value = Math.max(0, ...labels.map((one) => one.value)) + 1
      this.ground.store.getState().activeLabelChosen(value)
      return this.changeLabel({ value, name: `Label ${value}` })
    })

  /** Brings the run's probability here and shows its sliders. */
  beginThreshold = () =>
    this.withMask(({ mask_ref }) =>
      this.ground.attempt(async () => {
        await this.ground.request('mask.probability', { mask_ref })
        this.ground.store.getState().thresholdMoved({ value: 0.5, smallest: 0 })
      }),
    )

  /** Makes the mask of the sliders at full resolution. */
  applyThreshold = async () => {
    const { threshold, thresholdMoved } = this.ground.store.getState()
    if (!threshold) return
    const { value, smallest } = threshold
    await this.apply({ kind: 'threshold', threshold: value, smallest_object_voxels: smallest })
    thresholdMoved(null)
  }

  save = (format: MaskFormat, part: { labels?: number[]; is_cropped?: boolean } = {}) =>
    this.export(format, (mask_ref) => this.ground.request('mask.save', { mask_ref, format, ...part }))

  /** Surfaces, centres of objects or measures. */
  take = (part: Omit<BridgeInput<'mask.take'>, 'mask_ref'>) =>
    this.export(part.ending, (mask_ref) => this.ground.request('mask.take', { mask_ref, ...part }))

  close = (isDiscarded: boolean) =>
    this.withMask(({ mask_ref }) =>
      this.ground.attempt(async () => {
        await this.strokes.sent()
        await this.ground.request('mask.close', { mask_ref, is_discarded: isDiscarded })
      }),
    )

  recover = (isAccepted: boolean) =>
    this.ground.attempt(async () => {
      const { keptMask, maskKept } = this.ground.store.getState()
      if (!keptMask) return
      maskKept(null)
      await this.ground.request('mask.recover', { mask_ref: keptMask.mask_ref, is_accepted: isAccepted })
    })

  private export(what: string, write: (maskRef: string) => Promise<ExportedFile>) {
    return this.withMask(({ mask_ref }) =>
      this.ground.attempt(async () => {
        await this.strokes.sent()
        await tellExport(this.ground.store, what, () => write(mask_ref))
      }),
    )
  }

  private requestOfMask(channel: 'mask.undo' | 'mask.redo') {
    return this.withMask(({ mask_ref }) =>
      this.ground.attempt(async () => {
        await this.strokes.sent()
        await this.ground.request(channel, { mask_ref })
      }),
    )
  }

  private withMask<T>(work: (mask: MaskView) => T): T | undefined {
    const { mask } = this.ground.store.getState()
    return mask ? work(mask) : undefined
  }

  private thresholdMoved(): void {
    const { threshold, mask } = this.ground.store.getState()
    if (!mask) return
    if (!threshold) return this.showLevel()
    const { value, smallest } = threshold
    this.port.send({
      type: 'try_threshold',
      mask_ref: mask.mask_ref,
      threshold: value,
      smallest_object_voxels: smallest,
    })
  }

  /** The mask service speaks in the file's order of voxels, the picture in display order. */
  private labelsCame(message: Extract<MaskMessage, { type: 'level' | 'patch' }>): void {
    const { level, mask, volume } = this.ground.store.getState()
    const view = this.ground.view()
    if (!view || !level || !mask || !volume) return
    if (message.type === 'patch') return void (view.labels.patch(message) || this.showLevel())
    const shapeXyz = toDisplayAxes(reverseTriple(message.shape_zyx), level.orientation)
    view.labels.show({
      ...{ type: 'labels', volume_ref: volume.volume_ref, run_ref: mask.mask_ref, stage: 'final' },
      ...{ bin: message.bin, shape_zyx: reverseTriple(shapeXyz) },
      voxels: orientVoxels(message.voxels, message.shape_zyx, level.orientation) as Uint8Array<ArrayBuffer>,
    })
  }

  /** To the mask service, once it is there. */
  send(request: MaskRequest): void {
    this.port.send(request)
  }

  private messageCame(message: MaskMessage): void {
    const { mask, crosshairXyz, maskLabelRead, problemMet } = this.ground.store.getState()
    if (!mask || message.mask_ref !== mask.mask_ref) return
    switch (message.type) {
      case 'level':
      case 'patch':
        this.labelsCame(message)
        if (crosshairXyz) this.crosshairMoved(crosshairXyz)
        return
      case 'plane':
        return this.ground.planeCame(message)
      case 'plane_patch':
        return this.ground.view()?.labels.patchPlane(message)
      case 'label_at':
        return message.request_index === this.numLabelRequests ? maskLabelRead(message.label) : undefined
      case 'mask_problem':
        return problemMet(message.problem)
    }
  }
}

/** Keys of the tools, without Ctrl, ⌘ or Alt. */
export const TOOL_KEYS: Readonly<Record<string, Tool>> = {
  v: 'look',
  b: 'brush',
  n: 'ball',
  e: 'eraser',
  f: 'fill',
  l: 'lasso',
  g: 'grow',
  x: 'delete',
  m: 'merge',
}
