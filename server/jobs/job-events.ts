import type { LiveFrame, PreviewHeader } from '../../shared/contract/live.ts'

/** One event as it goes to all who watch; previews carry their gzip payload beside the frame. Never changed. */
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

/** Jobs that are over, whose newest events are kept for those whose connection was away at the end. */
const KEPT_FINISHED = 16

interface Channel {
  lastSeq: number
  recent: LiveEvent[]
  preview: LiveEvent | null
  listeners: Set<(event: LiveEvent) => void>
}

/**
 * Hands events of running jobs to whoever watches, and remembers the newest for those who come back.
 * Sequence numbers are milliseconds made unique, so that they keep rising when the server starts again.
 */
export class JobEvents {
  private readonly channels = new Map<string, Channel>()
  /** Jobs whose last event was told, the oldest first. */
  private readonly finished = new Set<string>()
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
      channel.recent.push(event)
      if (channel.recent.length > KEPT_FRAMES) channel.recent.shift()
    }
    for (const listener of channel.listeners) listener(event)
    for (const observer of this.observers) observer(frame)
    this.finished.delete(jobId)
    if (isLastFrame(frame)) this.finished.add(jobId)
    this.forgetOld()
    return frame
  }

  /** What a client missed since `seq`: remembered frames in order, and the newest preview. */
  since(jobId: string, seq: number): LiveEvent[] {
    const channel = this.channels.get(jobId)
    if (!channel) return []
    const events = [...channel.recent]
    if (channel.preview) events.push(channel.preview)
    return events.filter((event) => event.frame.seq > seq).sort((a, b) => a.frame.seq - b.frame.seq)
  }

  /** Tells every frame of every job from now on. */
  observe(observer: (frame: LiveFrame) => void): void {
    this.observers.add(observer)
  }

  /** @returns a function that ends the subscription */
  subscribe(jobId: string, listener: (event: LiveEvent) => void): () => void {
    const channel = this.channel(jobId)
    channel.listeners.add(listener)
    return () => {
      channel.listeners.delete(listener)
      const isUnused = channel.listeners.size === 0 && channel.lastSeq === 0
      if (isUnused && this.channels.get(jobId) === channel) this.channels.delete(jobId)
      this.forgetOld()
    }
  }

  isWatched(jobId: string): boolean {
    return (this.channels.get(jobId)?.listeners.size ?? 0) > 0
  }

  /** Jobs of which something is remembered. */
  get numRemembered(): number {
    return this.channels.size
  }

  /** Of jobs that are over, only the newest are remembered, and those that are watched. */
  private forgetOld(): void {
    for (const jobId of this.finished) {
      if (this.finished.size <= KEPT_FINISHED) return
      if (this.isWatched(jobId)) continue
      this.finished.delete(jobId)
      this.channels.delete(jobId)
    }
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

/** True for the event after which a job is silent: completed and failed tell more after their state, canceled does not. */
export function isLastFrame(frame: LiveFrame): boolean {
  const isCanceled = frame.type === 'state' && frame.data.state === 'canceled'
  return frame.type === 'completed' || frame.type === 'error' || isCanceled
}

const texts = new WeakMap<LiveEvent, Uint8Array>()
const base64Texts = new WeakMap<LiveEvent, Uint8Array>()

/** The text frame of an event, made once for all who watch. */
export function textOf(event: LiveEvent): Uint8Array {
  return madeOnce(texts, event, () => event.frame)
}

/** The text frame of a preview with its voxels, for clients that cannot take binary frames; made once, too. */
export function base64TextOf(event: LiveEvent): Uint8Array {
  return madeOnce(base64Texts, event, ({ frame, payload }) =>
    frame.type === 'preview' && payload ? withPayload(frame, payload) : frame,
  )
}

function madeOnce(
  known: WeakMap<LiveEvent, Uint8Array>,
  event: LiveEvent,
  frameOf: (event: LiveEvent) => LiveFrame,
): Uint8Array {
  let text = known.get(event)
  if (!text) {
    text = Buffer.from(JSON.stringify(frameOf(event)))
    known.set(event, text)
  }
  return text
}

function withPayload(frame: Extract<LiveFrame, { type: 'preview' }>, payload: Uint8Array): LiveFrame {
  const data: PreviewHeader = { ...frame.data, payload: Buffer.from(payload).toString('base64') }
  return { ...frame, data }
}
