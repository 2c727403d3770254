import type { BridgeChannel, BridgeInput } from '../../../shared/contract/bridge.ts'
import type { MenuCommand } from '../../../shared/contract/commands.ts'
import type { Diagnostics, OutsidePage, PreferencesChange } from '../../../shared/contract/preferences.ts'
import type { Xyz } from '../../../shared/volume/zyx.ts'
import type { BridgeClient } from './bridge-client.ts'
import type { Session } from './session.ts'

/** What the program's actions need of the session. */
export interface ProgramGround {
  session: Session
  bridge: BridgeClient
  /** Does work; a failure becomes a notice. */
  attempt(work: () => Promise<unknown>): Promise<void>
}

/** Menu, settings, recent files, help and diagnostics in the window. */
export class ProgramActions {
  private readonly ground: ProgramGround

  constructor(ground: ProgramGround) {
    this.ground = ground
  }

  change = (change: PreferencesChange) => this.request('preferences.change', change)
  chooseResultsFolder = () => this.request('preferences.results_folder', null)
  openRecent = (recentRef: string) => this.request('recent.open', recentRef)
  clearRecent = () => this.request('recent.clear', null)
  openOutside = (page: OutsidePage) => this.request('outside.open', page)
  openCrashFolder = () => this.request('crash.folder', null)
  readDiagnostics = (): Promise<Diagnostics> => this.ground.bridge.request('diagnostics.read', null)

  copyDiagnostics = () =>
    this.ground.attempt(async () => {
      await this.ground.bridge.request('diagnostics.copy', null)
      this.store.workDone('Copied the report.', 'No tokens and no paths are in it.')
    })

  dismissCrash = () =>
    this.ground.attempt(async () => {
      this.store.crashSeen()
      await this.ground.bridge.request('crash.seen', null)
    })

  /** A newcomer's first minute: the sample, the engine on this computer, and a run of the first model. */
  showFirstResult = async (): Promise<void> => {
    const { session } = this.ground
    await session.openSample()
    await session.servers.connect({ kind: 'local' })
    const { volume, connection } = this.store
    if (volume && connection) await session.runs.start()
  }

  menuChosen(command: MenuCommand): void {
    const { session } = this.ground
    const { run, theme, level, volume, maskToggled, sheetChanged } = this.store
    switch (command) {
      case 'open':
        return void session.chooseFile()
      case 'open_beside':
        return void (volume && session.beside.choose())
      case 'close_volume':
        return void session.closeVolume()
      case 'export':
        if (session.masks.isActive) return void session.masks.save('mrc')
        return void (run?.phase === 'completed' && session.exportMask(run.run_ref, 'mrc'))
      case 'auto_contrast':
        return session.autoContrast()
      case 'toggle_mask':
        return maskToggled()
      case 'toggle_theme':
        return void session.setTheme(theme === 'dark' ? 'light' : 'dark')
      case 'reset_view':
        return session.resetView()
      case 'same_zoom':
        return session.spreadZoom()
      case 'screenshot':
      case 'movie':
        return level ? sheetChanged(command) : undefined
      case 'settings':
      case 'help':
      case 'shortcuts':
      case 'diagnostics':
        return sheetChanged(command)
      case 'layout_all':
      case 'layout_xy':
      case 'layout_xz':
      case 'layout_yz':
      case 'layout_3d':
        return session.setLayout(LAYOUTS[command])
      default:
        return this.go(command)
    }
  }

  private go(command: GoCommand): void {
    const { crosshairXyz, volume } = this.store
    if (!crosshairXyz || !volume) return
    const [sizeZ, sizeY, sizeX] = volume.shape_zyx
    const [x, y, z] = crosshairXyz
    const places: Record<GoCommand, Xyz> = {
      slice_next: [x, y, Math.min(sizeZ - 1, z + 1)],
      slice_previous: [x, y, Math.max(0, z - 1)],
      slice_first: [x, y, 0],
      slice_last: [x, y, sizeZ - 1],
      crosshair_middle: [sizeX >> 1, sizeY >> 1, sizeZ >> 1],
    }
    this.ground.session.moveCrosshair(places[command])
  }

  private request<C extends BridgeChannel>(channel: C, input: BridgeInput<C>): Promise<void> {
    return this.ground.attempt(() => this.ground.bridge.request(channel, input))
  }

  private get store() {
    return this.ground.session.store.getState()
  }
}

type GoCommand = Extract<MenuCommand, `slice_${string}` | 'crosshair_middle'>

const LAYOUTS = { layout_all: 'all', layout_xy: 'xy', layout_xz: 'xz', layout_yz: 'yz', layout_3d: '3d' } as const
