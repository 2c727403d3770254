import type { OpenedVolume } from '../../../shared/contract/bridge.ts'
import type { VolumeMessage, VolumeRequest } from '../../../shared/contract/volume-port.ts'
import { DomainError } from '../../../shared/errors/domain-error.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import { createDesktopStore, type DesktopStore, type Store } from '../state/store.ts'
import { autoWindow } from '../state/window-range.ts'
import type { VolumeViewEvents } from '../viewer/view-events.ts'
import type { VolumeView } from '../viewer/volume-view.ts'
import type { BridgeClient } from './bridge-client.ts'
import { levelRequest } from './level-request.ts'
import { LinkedViews } from './linked-views.ts'
import type { PictureOwner } from './picture-owner.ts'
import { PlaneRequests } from './plane-requests.ts'
import { ServicePort } from './service-port.ts'

export interface BesideGround {
  /** Of the volume on show. */
  store: DesktopStore
  view: () => VolumeView | null
  bridge: BridgeClient
  /** Does work; a failure becomes a notice. */
  attempt(work: () => Promise<unknown>): Promise<void>
}

/**
 * The volume beside the one on show: its own file, service, picture, contrast and colours; crosshair, panes, zoom and the
 * rest of looking follow each other. Its facts are in a store of the same make.
 */
export class BesideVolume implements PictureOwner {
  readonly store = createDesktopStore()
  private readonly ground: BesideGround
  private readonly links: LinkedViews
  private readonly planes: PlaneRequests
  private view: VolumeView | null = null
  private readonly port = new ServicePort<VolumeRequest, VolumeMessage>((message) => this.messageCame(message))
  private numVoxelRequests = 0

  constructor(ground: BesideGround) {
    this.ground = ground
    this.planes = new PlaneRequests(this.store, (request) => this.port.send(request))
    this.links = new LinkedViews(
      { store: ground.store, view: ground.view },
      { store: this.store, view: () => this.view },
    )
    this.store.subscribe((state, before) => this.changed(state, before))
    ground.store.subscribe((state, before) => this.lookChanged(state, before))
  }

  choose = () => this.ground.attempt(() => this.ground.bridge.request('beside.choose', null))
  close = () => this.ground.attempt(() => this.ground.bridge.request('beside.close', null))

  opened(volume: OpenedVolume): void {
    this.view?.clear()
    const state = this.store.getState()
    state.planesHidden()
    state.levelsAllowed()
    state.volumeOpened(volume)
    this.lookTaken()
    this.requestLevel()
  }

  closed(): void {
    this.port.close()
    this.view?.clear()
    this.store.getState().volumeClosed()
  }

  portCame(port: MessagePort): void {
    this.port.came(port)
  }

  viewEvents(): VolumeViewEvents {
    const { panesChanged, slicesDrawn, graphicsLost, display } = this.store.getState()
    return {
      onCrosshair: (indexXyz) => this.crosshairMoved(indexXyz),
      onPanes: (layout, panes) => {
        panesChanged(layout, panes)
        if (layout !== this.ground.store.getState().layout) this.ground.view()?.setLayout(layout)
        this.links.besideIsUnplaced()
      },
      onSlices: (slices, isByHand) => {
        slicesDrawn(slices)
        this.links.besideDrawn(isByHand)
      },
      onSurfaces: () => undefined,
      onTurned: (turn) => this.ground.view()?.setTurn(turn),
      wheelSpeed: () => this.ground.store.getState().preferences?.wheel_speed ?? 1,
      firstDisplay: display,
      onContextLost: () => {
        this.ground.store.getState().problemMet(new DomainError('graphics_lost').toEnvelope())
        graphicsLost(this.store.getState().level?.bin ?? null)
      },
    }
  }

  viewAttached(view: VolumeView): void {
    this.view = view
    view.setYDown(this.store.getState().isYDown)
    view.setLayout(this.ground.store.getState().layout)
    const main = this.ground.view()
    if (main) view.setTurn(main.turn())
    this.requestLevel()
  }

  viewDetached(view: VolumeView): void {
    if (this.view === view) this.view = null
  }

  viewFailed(): void {
    this.ground.store.getState().problemMet(new DomainError('graphics_unavailable').toEnvelope())
  }

  /** The picture of the volume on show was drawn elsewhere. */
  mainDrawn(isByHand: boolean): void {
    this.links.mainDrawn(isByHand)
  }

  turned(turn: Parameters<VolumeViewEvents['onTurned']>[0]): void {
    this.view?.setTurn(turn)
  }

  private crosshairMoved(indexXyz: Xyz): void {
    const { volume, crosshairMoved } = this.store.getState()
    if (!volume) return
    crosshairMoved(indexXyz)
    this.links.besideMoved(indexXyz)
    const request = { type: 'voxel', volume_ref: volume.volume_ref, request_index: ++this.numVoxelRequests } as const
    this.port.send({ ...request, index_xyz: [...indexXyz] })
  }

  private changed(state: Store, before: Store): void {
    if (state.window !== before.window) this.view?.setWindow(state.window.low, state.window.high)
    if (state.display !== before.display) this.view?.setDisplay(state.display)
    if (state.isYDown !== before.isYDown) this.view?.setYDown(state.isYDown)
    if (state.slab !== before.slab) this.view?.hidePlanes()
    if (state.slab !== before.slab || state.panes !== before.panes || state.crosshairXyz !== before.crosshairXyz)
      this.planes.changed()
  }

  private lookChanged(state: Store, before: Store): void {
    if (!this.store.getState().volume) return
    if (state.layout !== before.layout && state.layout !== this.store.getState().layout)
      this.view?.setLayout(state.layout)
    const isOther = state.slab !== before.slab || state.isYDown !== before.isYDown || state.display !== before.display
    if (isOther) this.lookTaken()
    if (
      state.crosshairXyz &&
      (state.crosshairXyz !== before.crosshairXyz || state.displaySpacing !== before.displaySpacing)
    )
      this.links.mainMoved(state.crosshairXyz)
  }

  /** What one looks with is the same in both; contrast and colours are each volume's own. */
  private lookTaken(): void {
    const { slab, isYDown, display } = this.ground.store.getState()
    const state = this.store.getState()
    if (state.slab !== slab) state.slabChanged(slab)
    if (state.isYDown !== isYDown) state.yTurned(isYDown)
    const { projection, cut, smoothingVox } = display
    const { display: own } = state
    if (own.projection !== projection || own.cut !== cut || own.smoothingVox !== smoothingVox)
      state.displayChanged({ projection, cut, smoothingVox })
  }

  private requestLevel(): void {
    const request = this.view && levelRequest(this.store.getState(), this.view.limits())
    if (request) this.port.send(request)
  }

  private messageCame(message: VolumeMessage): void {
    const state = this.store.getState()
    if (message.volume_ref !== state.volume?.volume_ref) return
    switch (message.type) {
      case 'level_progress':
        return state.levelProgressed(message.done_planes / message.total_planes)
      case 'level':
        return this.levelCame(message)
      case 'plane':
        return this.planes.came(message, this.view)
      case 'voxel':
        if (message.request_index === this.numVoxelRequests) state.voxelRead(message.value, message.label)
        return
      case 'volume_problem':
        if (this.planes.failed(message)) return
        return this.ground.store.getState().problemMet(message.problem)
    }
  }

  private levelCame(message: Extract<VolumeMessage, { type: 'level' }>): void {
    const { bin, low, high, histogram, is_sampled, orientation } = message
    const { volume, levelShown, planesHidden, crosshairXyz } = this.store.getState()
    planesHidden()
    levelShown({ bin, low, high, histogram, is_sampled, orientation })
    const { window: range } = this.store.getState()
    const crosshair = crosshairXyz ?? this.links.besidePlace()
    const auto = autoWindow(histogram)
    this.view?.showLevel(message, { voxelSizeZyx: volume?.voxel_size_zyx ?? null, crosshair, auto })
    this.view?.setWindow(range.low, range.high)
    this.links.besideIsUnplaced()
    this.planes.changed()
  }
}
