import type { DesktopEvent, ExportedFile, MaskFormat, Mode0, Theme } from '../../../shared/contract/bridge.ts'
import type { LabelsMessage, LevelMessage, VolumeMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { DomainError, envelopeOf } from '../../../shared/errors/domain-error.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { DesktopStore, Store } from '../state/store.ts'
import { autoWindow, type WindowRange } from '../state/window-range.ts'
import type { Layout } from '../viewer/pane-layout.ts'
import type { VolumeViewEvents } from '../viewer/view-events.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import { BesideVolume } from './beside-volume.ts'
import type { BridgeClient } from './bridge-client.ts'
import { LabelPlaneRequests } from './label-plane-requests.ts'
import { labelStyles } from './label-styles.ts'
import { levelRequest } from './level-request.ts'
import { MaskEditing } from './mask-editing.ts'
import { measurePointer } from './measure-pointer.ts'
import { PictureMaking } from './picture-making.ts'
import type { PictureOwner } from './picture-owner.ts'
import { PlaneRequests } from './plane-requests.ts'
import { ProgramActions } from './program-actions.ts'
import { regionPointer } from './region-pointer.ts'
import { RunActions } from './run-actions.ts'
import { ServerActions } from './server-actions.ts'
import { ServicePort } from './service-port.ts'
import { tellExport } from './tell-export.ts'
import { ViewMemory } from './view-memory.ts'

/**
 * Ties bridge, volume port, store and picture together. Facts go to the store, voxels to the view;
 * every action of the user is a method here, and every failure becomes a notice.
 */
export class Session implements PictureOwner {
  readonly store: DesktopStore
  readonly program: ProgramActions
  readonly runs: RunActions
  readonly servers: ServerActions
  readonly masks: MaskEditing
  readonly beside: BesideVolume
  readonly pictures: PictureMaking
  private readonly bridge: BridgeClient
  private readonly port = new ServicePort<VolumeRequest, VolumeMessage>((message) => this.volumeMessageCame(message))
  private readonly planes: PlaneRequests
  private readonly labelPlanes: LabelPlaneRequests
  private view: VolumeView | null = null
  private numVoxelRequests = 0

  constructor(store: DesktopStore, bridge: BridgeClient) {
    this.store = store
    this.bridge = bridge
    this.program = new ProgramActions({ session: this, bridge, attempt: (work) => this.attempt(work) })
    this.runs = new RunActions({ store, bridge, attempt: (work) => this.attempt(work) })
    this.servers = new ServerActions({ store, bridge, attempt: (work) => this.attempt(work) })
    this.masks = new MaskEditing({
      store,
      request: (channel, input) => bridge.request(channel, input),
      attempt: (work) => this.attempt(work),
      view: () => this.view,
      showRunAgain: () => this.requestLevel(),
      planeCame: (plane) => this.labelPlanes.maskPlaneCame(plane),
    })
    this.beside = new BesideVolume({ store, bridge, view: () => this.view, attempt: (work) => this.attempt(work) })
    this.planes = new PlaneRequests(store, (request) => this.port.send(request))
    this.pictures = new PictureMaking({
      ...{ store, bridge, planes: this.planes, view: () => this.view },
      attempt: (work) => this.attempt(work),
    })
    this.labelPlanes = new LabelPlaneRequests({
      store,
      view: () => this.view,
      askVolume: (request) => this.port.send(request),
      askMask: (request) => this.masks.send(request),
    })
    new ViewMemory({ session: this, bridge, view: () => this.view }).begin()
  }

  /** Begins to listen; then tells the main process that events can come. */
  async start(): Promise<void> {
    this.bridge.onEvent((event) => this.eventCame(event))
    window.addEventListener('message', (event) => this.portCame(event))
    this.store.subscribe((state, before) => {
      const isRestyled =
        state.labelColors !== before.labelColors ||
        state.hiddenLabels !== before.hiddenLabels ||
        state.labelOpacities !== before.labelOpacities ||
        state.mask?.labels !== before.mask?.labels ||
        state.run?.run_ref !== before.run?.run_ref
      if (isRestyled) this.view?.labels.setStyles(labelStyles(state))
      if (state.maskOpacity !== before.maskOpacity || state.isMaskVisible !== before.isMaskVisible)
        this.view?.labels.setOpacity(state.maskOpacity, state.isMaskVisible)
      if (state.window !== before.window) this.view?.setWindow(state.window.low, state.window.high)
      if (state.isYDown !== before.isYDown) this.view?.setYDown(state.isYDown)
      if (state.display !== before.display) this.view?.setDisplay(state.display)
      if (state.measureTool !== before.measureTool || state.isDrawingRegion !== before.isDrawingRegion)
        this.pointerToolChanged(state, before)
      if (state.tool !== before.tool && state.tool !== 'look') this.dropOtherTools(state)
      if (state.slab !== before.slab) this.view?.hidePlanes()
      if (state.mostVoxels !== before.mostVoxels) this.requestLevel()
      if (state.mostVoxels !== before.mostVoxels || state.isYDown !== before.isYDown) this.keepView(state)
      if (state.slab !== before.slab || state.panes !== before.panes || state.crosshairXyz !== before.crosshairXyz)
        this.planes.changed()
    })
    await this.attempt(async () => {
      const app = await this.bridge.request('app.state', null)
      const { appKnown, connected, runsKnown } = this.store.getState()
      appKnown(app)
      this.store.getState().programKnown(app)
      this.store.getState().viewRemembered(app.view)
      if (app.connection) connected(app.connection)
      runsKnown(app.runs, app.run)
      await this.bridge.request('app.ready', null)
    })
  }

  /** The picture is ready to show something. */
  viewAttached(view: VolumeView): void {
    this.view = view
    const state = this.store.getState()
    view.labels.setStyles(labelStyles(state))
    view.labels.setOpacity(state.maskOpacity, state.isMaskVisible)
    view.setYDown(state.isYDown)
    view.setLayout(state.layout)
    this.pointerToolChanged(state, state)
    if (state.volume) this.requestLevel()
  }

  viewDetached(view: VolumeView): void {
    if (this.view === view) this.view = null
  }

  viewEvents(): VolumeViewEvents {
    const { graphicsLost, panesChanged, problemMet, slicesDrawn, surfacesChanged, display } = this.store.getState()
    return {
      onCrosshair: (indexXyz) => this.crosshairMoved(indexXyz),
      onPanes: panesChanged,
      onSlices: (slices, isByHand) => {
        slicesDrawn(slices)
        this.beside.mainDrawn(isByHand)
      },
      onSurfaces: surfacesChanged,
      onTurned: (turn) => this.beside.turned(turn),
      wheelSpeed: () => this.store.getState().preferences?.wheel_speed ?? 1,
      firstDisplay: display,
      onContextLost: () => {
        problemMet(new DomainError('graphics_lost').toEnvelope())
        graphicsLost(this.store.getState().level?.bin ?? null)
      },
    }
  }

  viewFailed(): void {
    this.store.getState().problemMet(new DomainError('graphics_unavailable').toEnvelope())
  }

  crosshairMoved(indexXyz: Xyz): void {
    const { volume } = this.store.getState()
    if (!volume) return
    this.store.getState().crosshairMoved(indexXyz)
    this.masks.crosshairMoved(indexXyz)
    this.port.send({
      type: 'voxel',
      volume_ref: volume.volume_ref,
      request_index: ++this.numVoxelRequests,
      index_xyz: [...indexXyz],
    })
  }

  chooseFile = () => this.attempt(() => this.bridge.request('volume.choose', null))
  openSample = () => this.attempt(() => this.bridge.request('volume.sample', null))
  openDropped = (file: File) => this.attempt(() => this.bridge.openDropped(file))
  closeVolume = () => this.attempt(() => this.bridge.request('volume.close', null))
  readMode0 = (mode0: Mode0) => this.attempt(() => this.bridge.request('volume.mode0', mode0))
  setLayout = (layout: Layout) => this.view?.setLayout(layout)
  resetView = () => this.view?.resetView()
  spreadZoom = () => this.view?.spreadZoom()
  moveCrosshair = (indexXyz: Xyz) => this.view?.moveCrosshair(indexXyz)
  setWindow = (range: WindowRange) => this.store.getState().windowChanged(range)

  autoContrast = (): void => {
    const { level } = this.store.getState()
    if (level) this.store.getState().windowChanged(autoWindow(level.histogram), true)
  }

  /** The pointer has one tool: drawing a region, measuring, or one of correcting; the newest choice ends the others. */
  private pointerToolChanged({ isDrawingRegion, measureTool, tool, ...state }: Store, before: Store): void {
    const isRegionNew = isDrawingRegion && !before.isDrawingRegion
    if (isRegionNew && measureTool) return state.measureToolChosen(null)
    if (!isRegionNew && isDrawingRegion && measureTool) return state.regionDrawingChanged(false)
    if ((measureTool || isDrawingRegion) && tool !== 'look') state.toolChosen('look')
    if (isDrawingRegion) this.view?.setPointerTool(regionPointer(this.store))
    else if (measureTool) this.view?.setPointerTool(measurePointer(this.store))
    else this.masks.toolChanged()
  }

  private dropOtherTools({ measureTool, isDrawingRegion, measureToolChosen, regionDrawingChanged }: Store): void {
    if (measureTool) measureToolChosen(null)
    if (isDrawingRegion) regionDrawingChanged(false)
  }

  private keepView({ isYDown, mostVoxels }: Pick<Store, 'isYDown' | 'mostVoxels'>): void {
    const view = { is_y_down: isYDown, most_voxels: mostVoxels }
    void this.attempt(() => this.bridge.request('settings.view', view))
  }

  setTheme = (theme: Theme) => {
    this.store.getState().themeChanged(theme)
    return this.attempt(() => this.bridge.request('settings.theme', theme))
  }

  exportMask = (runRef: string, format: MaskFormat) =>
    this.export(format, () => this.bridge.request('mask.export', { run_ref: runRef, format }))

  exportProbability = (runRef: string) =>
    this.export('probability', () => this.bridge.request('run.probability', { run_ref: runRef }))

  private export(what: string, write: () => Promise<ExportedFile>): Promise<void> {
    return this.attempt(() => tellExport(this.store, what, write))
  }

  private async attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.store.getState().problemMet(envelopeOf(error))
    }
  }

  private eventCame(event: DesktopEvent): void {
    const state = this.store.getState()
    switch (event.type) {
      case 'volume_opening':
        return state.volumeOpening(event.name)
      case 'volume_opened':
        this.view?.clear()
        // Zoom and place of the volume before may lie beside this one.
        this.view?.resetView()
        state.planesHidden()
        state.levelsAllowed()
        state.measurementsCleared()
        state.displaySpacingGiven(null)
        state.volumeOpened(event.volume)
        state.labelsShown(null)
        this.servers.takeUp()
        return this.requestLevel()
      case 'volume_closed':
        this.view?.clear()
        return state.volumeClosed()
      case 'volume_failed':
        state.openingEnded()
        return state.problemMet(event.problem)
      case 'beside_opened':
        return this.beside.opened(event.volume)
      case 'beside_closed':
        return this.beside.closed()
      case 'run_changed':
        return state.runChanged(event.run)
      case 'run_removed':
        return state.runRemoved(event.run_ref)
      case 'run_shown':
        return state.runShown(event.run_ref)
      case 'server_heard':
        return state.serverHeard(event.problem)
      case 'mask_changed':
        return this.masks.maskChanged(event.mask)
      case 'mask_closed':
        return this.masks.maskClosed(event.mask_ref)
      case 'mask_kept':
        return state.maskKept(event.kept)
      case 'problem':
        return state.problemMet(event.problem)
      case 'connection_lost':
        state.disconnected()
        return state.problemMet(event.problem, 'connection')
      case 'preferences_changed':
        return state.preferencesChanged(event.preferences, event.theme)
      case 'recent_changed':
        return state.recentChanged(event.recent)
      case 'menu':
        return this.program.menuChosen(event.command)
    }
  }

  private portCame(event: MessageEvent): void {
    if (event.source !== window || !event.ports[0]) return
    if (event.data === 'cryomamba:mask-port') this.masks.portCame(event.ports[0])
    if (event.data === 'cryomamba:beside-port') this.beside.portCame(event.ports[0])
    if (event.data === 'cryomamba:volume-port') this.port.came(event.ports[0])
  }

  private requestLevel(): void {
    const request = this.view && levelRequest(this.store.getState(), this.view.limits())
    if (request) this.port.send(request)
  }

  private volumeMessageCame(message: VolumeMessage): void {
    const state = this.store.getState()
    if (message.volume_ref !== state.volume?.volume_ref) return
    switch (message.type) {
      case 'level_progress':
        return state.levelProgressed(message.done_planes / message.total_planes)
      case 'level':
        return this.levelCame(message)
      case 'plane':
        return this.planes.came(message, this.view)
      case 'label_plane':
        return this.labelPlanes.runPlaneCame(message)
      case 'labels':
        return this.labelsCame(message)
      case 'labels_cleared':
        if (!this.masks.isActive) this.view?.labels.clear()
        return state.labelsShown(null)
      case 'voxel':
        if (message.request_index === this.numVoxelRequests) state.voxelRead(message.value, message.label)
        return
      case 'volume_problem':
        return this.planes.failed(message) ? undefined : state.problemMet(message.problem)
    }
  }

  private levelCame(message: LevelMessage): void {
    const { bin, low, high, histogram, is_sampled, orientation } = message
    const { volume, levelShown, planesHidden, crosshairXyz } = this.store.getState()
    planesHidden()
    levelShown({ bin, low, high, histogram, is_sampled, orientation })
    const auto = autoWindow(histogram)
    this.view?.showLevel(message, { voxelSizeZyx: volume?.voxel_size_zyx ?? null, crosshair: crosshairXyz, auto })
    const { window: range } = this.store.getState()
    this.view?.setWindow(range.low, range.high)
    this.planes.changed()
    this.masks.showLevel()
  }

  /** Labels of a run that is no longer the current one are not shown. */
  private labelsCame(message: LabelsMessage): void {
    const { run, labelsShown, crosshairXyz } = this.store.getState()
    if (message.run_ref !== run?.run_ref) return
    if (!this.masks.isActive) this.view?.labels.show(message)
    labelsShown({ run_ref: message.run_ref, stage: message.stage })
    if (message.stage === 'final' && crosshairXyz) this.crosshairMoved(crosshairXyz)
  }
}
