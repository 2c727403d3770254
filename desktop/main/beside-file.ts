import path from 'node:path'
import type { BrowserWindow } from 'electron'
import type { DesktopEvent, OpenedVolume } from '../../shared/contract/bridge.ts'
import { chooseVolume } from './open-files.ts'
import type { VolumeHost } from './volume-host.ts'

export interface BesideFileDeps {
  /** A process of its own: nothing of the volume on show waits for this one. */
  volumes: Pick<VolumeHost, 'open' | 'stop' | 'connectWindow'>
  getWindow: () => BrowserWindow | null
  tell: (event: DesktopEvent) => void
  newRef: () => string
}

/** The volume beside the one on show, only to look at. Its process lives as long as it is open. */
export class BesideFile {
  private readonly deps: BesideFileDeps
  private shown: OpenedVolume | null = null
  private numOpened = 0

  constructor(deps: BesideFileDeps) {
    this.deps = deps
  }

  /** The newest choice wins. @throws {DomainError} what `VolumeHost.open` throws; what was shown stays */
  async choose(): Promise<void> {
    const window = this.deps.getWindow()
    const file = window && (await chooseVolume(window, 'Open beside'))
    if (!file) return
    const turn = ++this.numOpened
    try {
      const volume = await this.deps.volumes.open(this.deps.newRef(), path.resolve(file), null)
      if (turn !== this.numOpened) return
      this.shown = volume
      this.deps.tell({ type: 'beside_opened', volume })
    } catch (error) {
      if (turn !== this.numOpened) return
      if (!this.shown) this.deps.volumes.stop()
      throw error
    }
  }

  close(): void {
    this.numOpened++
    this.shown = null
    this.deps.volumes.stop()
    this.deps.tell({ type: 'beside_closed' })
  }

  /** Tells a window that was loaded again what is open. */
  repeat(): void {
    if (!this.shown) return
    this.deps.volumes.connectWindow()
    this.deps.tell({ type: 'beside_opened', volume: this.shown })
  }
}
