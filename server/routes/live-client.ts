import { base64TextOf, type LiveEvent, textOf } from '../jobs/job-events.ts'

/** The part of a WebSocket that is used here. */
export interface LiveSocket {
  readonly bufferedAmount: number
  send(data: Uint8Array, options: { binary: boolean }): void
  close(code: number, reason: string): void
}

/** A client whose socket holds more than this is slow: newer previews replace the waiting one, progress is left out. */
const SLOW_BYTES = 4 * 1024 * 1024

/** How often a slow client's socket is looked at again. */
const RETRY_MS = 100

/**
 * Sends events to one client without ever waiting for it: state changes always, progress and previews as it keeps up.
 * States: open → draining (end was seen, a preview waits) → closed.
 */
export class LiveClient {
  private waitingPreview: LiveEvent | null = null
  private timer: NodeJS.Timeout | null = null
  private isEnding = false
  private readonly socket: LiveSocket
  private readonly isBase64: boolean

  constructor(socket: LiveSocket, isBase64: boolean) {
    this.socket = socket
    this.isBase64 = isBase64
  }

  take(event: LiveEvent): void {
    const { type } = event.frame
    if (type === 'preview') this.waitingPreview = event
    else if (type !== 'progress' || !this.isSlow) this.sendText(textOf(event))
    this.flush()
  }

  /** Sends what waits, then closes: nothing more will come. */
  end(): void {
    this.isEnding = true
    this.flush()
  }

  /** Closes at once; what waits is dropped. */
  close(code: number, reason: string): void {
    this.stop()
    this.socket.close(code, reason)
  }

  /** Lets go of what waits; for a socket that is gone. */
  stop(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    this.waitingPreview = null
  }

  private get isSlow(): boolean {
    return this.socket.bufferedAmount > SLOW_BYTES
  }

  private flush(): void {
    if (this.waitingPreview && this.isSlow) {
      this.timer ??= setTimeout(() => {
        this.timer = null
        this.flush()
      }, RETRY_MS)
      return
    }
    if (this.waitingPreview) this.sendPreview(this.waitingPreview)
    this.waitingPreview = null
    if (this.isEnding) this.socket.close(1000, 'job ended')
  }

  private sendPreview(event: LiveEvent): void {
    if (!event.payload) return
    if (this.isBase64) return this.sendText(base64TextOf(event))
    this.sendText(textOf(event))
    this.socket.send(event.payload, { binary: true })
  }

  private sendText(text: Uint8Array): void {
    this.socket.send(text, { binary: false })
  }
}
