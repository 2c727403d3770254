import path from 'node:path'
import { type BrowserWindow, MessageChannelMain, type UtilityProcess, utilityProcess } from 'electron'
import { BRIDGE_CHANNELS, type Mode0, type OpenedVolume } from '../../shared/contract/bridge.ts'
import { DomainError, errorFromEnvelope } from '../../shared/errors/domain-error.ts'
import type { ServiceCall, ServicePreview, ServiceReply } from './volume-service-messages.ts'

interface Waiting {
  resolve(volume: OpenedVolume | null): void
  reject(error: DomainError): void
}

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
  private readonly getWindow: () => BrowserWindow | null
  private readonly onStopped: (error: DomainError) => void
  private readonly caches: VolumeCaches
  private readonly portChannel: string
  private child: UtilityProcess | null = null
  private numCalls = 0
  private readonly waiting = new Map<number, Waiting>()

  /** @param portChannel on which the window gets its port to the process */
  constructor(
    getWindow: () => BrowserWindow | null,
    onStopped: (error: DomainError) => void,
    caches: VolumeCaches,
    portChannel: string = BRIDGE_CHANNELS.port,
  ) {
    this.portChannel = portChannel
    this.getWindow = getWindow
    this.onStopped = onStopped
    this.caches = caches
  }

  /**
   * Starts the process, so that the first file need not wait for it; a window that was loaded again gets a port. Only one
   * port is ever on its way: what is asked through one that is about to be replaced would be lost.
   */
  start(): void {
    if (this.child) this.connectWindow()
    else this.running()
  }

  /** @throws {DomainError} what `openVolumeFile` throws, `volume_service_stopped` */
  async open(volumeRef: string, file: string, mode0: Mode0 | null): Promise<OpenedVolume> {
    const volume = await this.call({ type: 'open', volume_ref: volumeRef, path: file, mode0 })
    if (!volume) throw new DomainError('internal')
    return volume
  }

  async close(volumeRef: string): Promise<void> {
    if (this.child) await this.call({ type: 'close', volume_ref: volumeRef })
  }

  async showMask(volumeRef: string, runRef: string, file: string): Promise<void> {
    await this.call({ type: 'mask', volume_ref: volumeRef, run_ref: runRef, path: file })
  }

  async showPreview(volumeRef: string, runRef: string, preview: ServicePreview): Promise<void> {
    await this.call({ type: 'preview', volume_ref: volumeRef, run_ref: runRef, preview })
  }

  async clearLabels(volumeRef: string): Promise<void> {
    if (this.child) await this.call({ type: 'clear_labels', volume_ref: volumeRef })
  }

  /** Gives window and service a new port between them; needed after a reload of the window. */
  connectWindow(): void {
    const window = this.getWindow()
    if (!window || !this.child) return
    const { port1, port2 } = new MessageChannelMain()
    this.child.postMessage({ type: 'window_port' }, [port1])
    window.webContents.postMessage(this.portChannel, null, [port2])
  }

  stop(): void {
    const child = this.child
    this.child = null
    child?.kill()
  }

  private call(message: Without<ServiceCall, 'call'>): Promise<OpenedVolume | null> {
    const call = ++this.numCalls
    return new Promise((resolve, reject) => {
      this.waiting.set(call, { resolve, reject })
      this.running().postMessage({ ...message, call })
    })
  }

  private running(): UtilityProcess {
    if (this.child) return this.child
    const child = utilityProcess.fork(
      path.join(import.meta.dirname, 'volume-service.js'),
      [this.caches.levels, this.caches.copies].flatMap(({ folder, mostBytes }) => [folder, String(mostBytes)]),
      {
        serviceName: 'CryoMamba volumes',
        stdio: 'inherit',
      },
    )
    child.on('message', (reply: ServiceReply) => this.settle(reply))
    child.on('exit', (code) => this.lost(child, code))
    this.child = child
    this.connectWindow()
    return child
  }

  private settle(reply: ServiceReply): void {
    const waiting = this.waiting.get(reply.call)
    this.waiting.delete(reply.call)
    if (reply.type === 'reply') waiting?.resolve(reply.volume)
    else waiting?.reject(errorFromEnvelope(reply.problem))
  }

  private lost(child: UtilityProcess, code: number): void {
    if (this.child !== child) return
    this.child = null
    const error = new DomainError('volume_service_stopped', { reason: `code ${code}` })
    const waiting = [...this.waiting.values()]
    this.waiting.clear()
    for (const one of waiting) one.reject(error)
    if (waiting.length === 0) this.onStopped(error)
  }
}
