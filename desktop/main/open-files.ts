import { existsSync } from 'node:fs'
import path from 'node:path'
import { type BrowserWindow, dialog } from 'electron'
import type { DesktopEvent, Mode0, OpenedVolume } from '../../shared/contract/bridge.ts'
import { DomainError, envelopeOf } from '../../shared/errors/domain-error.ts'
import type { KeptFacts } from './file-facts.ts'
import type { VolumeHost } from './volume-host.ts'
import { WatchedFile } from './watched-file.ts'

/** Endings that masks are looked for by. */
export const MASK_EXTENSIONS = ['mrc', 'rec', 'map', 'nii', 'gz', 'nrrd', 'nhdr', 'hdr']
const EXTENSIONS = [
  'mrc',
  'rec',
  'map',
  'st',
  'ali',
  'ccp4',
  'nii',
  'gz',
  'bz2',
  'hdr',
  'img',
  'nrrd',
  'nhdr',
  'zarr',
  'json',
  'zattrs',
]

/** What a dialog offers. */
export const VOLUME_FILTERS = [
  { name: 'Volumes', extensions: EXTENSIONS },
  { name: 'All files', extensions: ['*'] },
]

/** The file or folder that the user chose; null for none. */
export async function chooseVolume(window: BrowserWindow, title: string): Promise<string | null> {
  const chosen = await dialog.showOpenDialog(window, {
    title,
    // Only macOS has one dialog for both; elsewhere an OME-Zarr folder is chosen by its zarr.json or .zattrs, or dropped.
    properties: process.platform === 'darwin' ? ['openFile', 'openDirectory'] : ['openFile'],
    filters: VOLUME_FILTERS,
  })
  return chosen.canceled ? null : chosen.filePaths[0]
}

export interface OpenFilesDeps {
  volumes: Pick<VolumeHost, 'open' | 'close'>
  getWindow: () => BrowserWindow | null
  tell: (event: DesktopEvent) => void
  onOpened: (volume: OpenedVolume, file: string) => Promise<void>
  onClosed: () => void
  newRef: () => string
  sampleFile: string
  /** How bytes of mode 0 are read, where the user said it of a file before. */
  signs: Pick<KeptFacts['signs'], 'find' | 'keep'>
}

// A file whose voxels end the reader does so within the time that reading it through takes.
const SOON_AGAIN_MS = 60_000

/** Opens the files that the user chose, by whatever way; only these are ever read. The newest choice wins. */
export class OpenFiles {
  private readonly deps: OpenFilesDeps
  private shown: { volume: OpenedVolume; file: string; watched: WatchedFile } | null = null
  private numOpened = 0
  private stoppedAtMs = Number.NEGATIVE_INFINITY

  constructor(deps: OpenFilesDeps) {
    this.deps = deps
  }

  get hasSample(): boolean {
    return existsSync(this.deps.sampleFile)
  }

  /** The open volume and its file. */
  get current(): { volume: OpenedVolume; file: string } | null {
    return this.shown
  }

  /** The open volume and its file. @throws {DomainError} `volume_not_open` */
  find(volumeRef: string): { volume: OpenedVolume; file: string } {
    if (this.shown?.volume.volume_ref !== volumeRef) throw new DomainError('volume_not_open')
    return this.shown
  }

  /** What is begun over the open volume is begun over what is shown. @throws {DomainError} `volume_not_open`, `file_changed` */
  async checkUnchanged(volumeRef: string): Promise<void> {
    if (this.shown?.volume.volume_ref !== volumeRef) throw new DomainError('volume_not_open')
    await this.shown.watched.checkUnchanged()
  }

  /** The open volume of a file. @throws {DomainError} `volume_not_open` */
  findFile(file: string): { volume: OpenedVolume; file: string } {
    if (this.shown?.file !== file) throw new DomainError('volume_not_open')
    return this.shown
  }

  async choose(): Promise<void> {
    const window = this.deps.getWindow()
    if (!window) return
    const file = await chooseVolume(window, 'Open volume')
    if (file) await this.open(file)
  }

  async openSample(): Promise<void> {
    if (!this.hasSample) throw new DomainError('sample_missing')
    await this.open(this.deps.sampleFile)
  }

  /**
   * Opens a file; what was on show stays when it cannot be opened. The outcome is told to the window.
   * @param mode0 absent: as the user said of this file before
   */
  async open(chosen: string, mode0?: Mode0 | null): Promise<void> {
    const file = path.resolve(chosen)
    const name = path.basename(file)
    const turn = ++this.numOpened
    this.deps.tell({ type: 'volume_opening', name })
    try {
      const watched = await WatchedFile.begin(file)
      const sign = mode0 === undefined ? await this.deps.signs.find(file) : mode0
      const volume = await this.deps.volumes.open(this.deps.newRef(), file, sign)
      if (turn !== this.numOpened) return
      this.shown?.watched.close()
      this.shown = { volume, file, watched }
      this.deps.tell({ type: 'volume_opened', volume })
      await this.deps.onOpened(volume, file)
    } catch (error) {
      if (!(error instanceof DomainError)) console.error(error)
      if (turn === this.numOpened) this.deps.tell({ type: 'volume_failed', name, problem: envelopeOf(error) })
    }
  }

  /** Opens the file on show again, read another way. @throws {DomainError} `volume_not_open` */
  async openAgain(mode0: Mode0): Promise<void> {
    if (!this.shown) throw new DomainError('volume_not_open')
    const { file } = this.shown
    await this.deps.signs.keep(file, mode0)
    await this.open(file, mode0)
  }

  async close(): Promise<void> {
    const before = this.shown
    this.shown = null
    before?.watched.close()
    if (before) await this.deps.volumes.close(before.volume.volume_ref)
    this.deps.onClosed()
    this.deps.tell({ type: 'volume_closed' })
  }

  /**
   * The process that reads the open file ended: the file is opened anew. One that ends it time and again is closed.
   */
  async readerStopped(error: DomainError): Promise<void> {
    this.deps.tell({ type: 'problem', problem: error.toEnvelope() })
    const before = this.shown
    if (!before) return
    const isAgain = Date.now() - this.stoppedAtMs < SOON_AGAIN_MS
    this.stoppedAtMs = Date.now()
    if (isAgain) return this.close()
    const opened = this.open(before.file)
    const turn = this.numOpened
    await opened
    if (turn === this.numOpened && this.shown === before) await this.close()
  }

  /** Tells a window that was loaded again what is open. */
  repeat(): void {
    if (this.shown) this.deps.tell({ type: 'volume_opened', volume: this.shown.volume })
  }
}
