import type { BrowserWindow } from 'electron'
import { BRIDGE_CHANNELS, type Mode0, type OpenedVolume } from '../../shared/contract/bridge.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { ServiceProcess } from './service-process.ts'
import type { ServiceCall, ServicePreview } from './volume-service-messages.ts'

/** A folder of what is kept between openings, and how many bytes it may take. */
export interface CacheChoice {
  folder: string
  mostBytes: number
}

/** What of volumes is kept between openings: their levels, and unpacked copies of compressed files. */
export interface VolumeCaches {
  levels: CacheChoice
  copies: CacheChoice
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/**
 * Owns the process that reads volumes. It starts with the first call and again after a crash;
 * bulk data goes from it to the window over a port of their own.
 */
export class VolumeHost {
  private readonly service: ServiceProcess<Without<ServiceCall, 'call'>, OpenedVolume | null, never>

  /**
   * @param onStopped told each time that the process stops by itself, whoever waits for it
   * @param portChannel on which the window gets its port to the process
   */
  constructor(
    getWindow: () => BrowserWindow | null,
    onStopped: (error: DomainError) => void,
    caches: VolumeCaches,
    portChannel: string = BRIDGE_CHANNELS.port,
  ) {
    this.service = new ServiceProcess({
      entry: 'volume-service.js',
      args: [caches.levels, caches.copies].flatMap(({ folder, mostBytes }) => [folder, String(mostBytes)]),
      name: 'CryoMamba volumes',
      stoppedCode: 'volume_service_stopped',
      hello: null,
      ...{ portChannel, getWindow, onStopped },
    })
  }

  /**
   * Starts the process, so that the first file need not wait for it; a window that was loaded again gets a port. Only one
   * port is ever on its way: what is asked through one that is about to be replaced would be lost.
   */
  start(): void {
    if (this.service.isRunning) this.connectWindow()
    else this.service.start()
  }

  /** @throws {DomainError} what `openVolumeFile` throws, `volume_service_stopped` */
  async open(volumeRef: string, file: string, mode0: Mode0 | null): Promise<OpenedVolume> {
    const volume = await this.service.call({ type: 'open', volume_ref: volumeRef, path: file, mode0 })
    if (!volume) throw new DomainError('internal')
    return volume
  }

  async close(volumeRef: string): Promise<void> {
    if (this.service.isRunning) await this.service.call({ type: 'close', volume_ref: volumeRef })
  }

  async showMask(volumeRef: string, runRef: string, file: string): Promise<void> {
    await this.service.call({ type: 'mask', volume_ref: volumeRef, run_ref: runRef, path: file })
  }

  async showPreview(volumeRef: string, runRef: string, preview: ServicePreview): Promise<void> {
    await this.service.call({ type: 'preview', volume_ref: volumeRef, run_ref: runRef, preview })
  }

  async clearLabels(volumeRef: string): Promise<void> {
    if (this.service.isRunning) await this.service.call({ type: 'clear_labels', volume_ref: volumeRef })
  }

  /** Gives window and service a new port between them; needed after a reload of the window. */
  connectWindow(): void {
    this.service.connectWindow()
  }

  /** What waits for an answer gets `canceled`. */
  stop(): void {
    this.service.stop()
  }
}
