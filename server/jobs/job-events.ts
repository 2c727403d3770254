import type { LiveFrame, PreviewHeader } from '../../shared/contract/live.ts'

/** One event as it goes to clients; previews carry their gzip payload beside the frame. */
export interface LiveEvent {
  frame: LiveFrame
  payload: Uint8Array | null
}

type FrameBody = LiveFrame extends infer F
  ? F extends { type: infer T; data: infer D }
    ? { type: T; data: D }
    : never
  : never

/** Frames kept per job for clients that come back; progress of some minutes. */
const KEPT_FRAMES = 512

interface Channel {
  lastSeq: number
  recent: LiveFrame[]
  preview: LiveEvent | null
  listeners: Set<(event: LiveEvent) => void>
}

/**
 * Hands events of running jobs to whoever watches, and remembers the newest for those who come back.
 * Sequence numbers are milliseconds made unique, so that they keep rising when the server starts again.
 */
export class JobEvents {
  private readonly channels = new Map<string, Channel>()
  private readonly observers = new Set<(frame: LiveFrame) => void>()
  private readonly nowMs: () => number

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs
  }

  /** Numbers an event, remembers it and tells everyone who watches the job. */
  publish(jobId: string, body: FrameBody, payload: Uint8Array | null = null): LiveFrame {
    const channel = this.channel(jobId)
    channel.lastSeq = Math.max(channel.lastSeq + 1, this.nowMs())
    const frame = {
      ...body,
      seq: channel.lastSeq,
      job_id: jobId,
      time: new Date(this.nowMs()).toISOString(),
    } as LiveFrame
    const event = { frame, payload }
    if (frame.type === 'preview') channel.preview = event
    else {
      channel.recent.push(frame)
      if (channel.recent.length > KEPT_FRAMES) channel.recent.shift()
    }
    for (const listener of channel.listeners) listener(event)
    for (const observer of this.observers) observer(frame)
    return frame
  }

  /** What a client missed since `seq`: remembered frames in order, and the newest preview. */
  since(jobId: string, seq: number): LiveEvent[] {
    const channel = this.channels.get(jobId)
    if (!channel) return []
    const events: LiveEvent[] = channel.recent.map((frame) => ({ frame, payload: null }))
    if (channel.preview) events.push(channel.preview)
    return events.filter((event) => event.frame.seq > seq).sort((a, b) => a.frame.seq - b.frame.seq)
  }

  /** Tells every frame of every job from now on. */
  observe(observer: (frame: LiveFrame) => void): void {
    this.observers.add(observer)
  }

  /** @returns a function that ends the subscription */
  subscribe(jobId: string, listener: (event: LiveEvent) => void): () => void {
    const { listeners } = this.channel(jobId)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  isWatched(jobId: string): boolean {
    return (this.channels.get(jobId)?.listeners.size ?? 0) > 0
  }

  /** Forgets previews and frames of a job that is over and that nobody watches. */
  forget(jobId: string): void {
    if (this.channels.get(jobId)?.listeners.size === 0) this.channels.delete(jobId)
  }

  private channel(jobId: string): Channel {
    let channel = this.channels.get(jobId)
    if (!channel) {
      channel = { lastSeq: 0, recent: [], preview: null, listeners: new Set() }
      this.channels.set(jobId, channel)
    }
    return channel
  }
}

/** The text frame of a preview for clients that cannot take binary frames. */
export function withPayload(frame: Extract<LiveFrame, { type: 'preview' }>, payload: Uint8Array): LiveFrame {
  const data: PreviewHeader = { ...frame.data, payload: Buffer.from(payload).toString('base64') }
  return { ...frame, data }
}
