import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import WebSocket, { type RawData } from 'ws'
import type { Job } from '../contract/jobs.ts'
import type { LiveFrame, PreviewHeader } from '../contract/live.ts'
import { DomainError, errorFromEnvelope } from '../errors/domain-error.ts'
import type { Preview, WatchOptions } from './api.ts'
import { backoffMs, pause } from './backoff.ts'
import { type HttpConnection, isTokenProblem } from './http.ts'

const unpack = promisify(gunzip)

/** A channel on which nothing came for this long is dead: the server sends a ping every 25 s. */
const SILENCE_MS = 60_000

/** The server may be away this long before watching gives up; the job goes on without us. */
const GIVE_UP_MS = 90_000

/** A connection that held this long was a good one: the next wait is a short one again. */
const STABLE_MS = 10_000

/** The server closed in order: it says by HTTP how the job, the token and the permission stand. */
const ORDERLY_CLOSES: readonly number[] = [1000, 4401, 4404]

/**
 * Follows a job until it ends, whatever its end, reconnecting with growing waits and asking for what was missed.
 * @throws {DomainError} `canceled`, `unauthorized`, `token_expired`, `job_not_found`, `server_unreachable`
 */
export async function watchJob(http: HttpConnection, jobId: string, options: WatchOptions): Promise<Job> {
  return new Watch(http, jobId, options).toEnd()
}

/** States: connected → lost → connected …, until the job has ended or the watch is given up. */
class Watch {
  private readonly http: HttpConnection
  private readonly jobId: string
  private readonly options: WatchOptions
  private since: number
  private failures = 0
  private openSinceMs: number | null = null
  private lostSinceMs: number | null = null
  private failedMs = 0
  /** Of the newest connection. */
  private token = ''

  constructor(http: HttpConnection, jobId: string, options: WatchOptions) {
    this.http = http
    this.jobId = jobId
    this.options = options
    this.since = options.since ?? 0
  }

  async toEnd(): Promise<Job> {
    const { signal, onConnection } = this.options
    for (;;) {
      if (signal?.aborted) throw new DomainError('canceled')
      const job = await this.follow().catch((error) => this.survive(error))
      if (job?.state === 'completed' || job?.state === 'failed' || job?.state === 'canceled') return job
      onConnection?.('lost')
      if (this.openSinceMs !== null && performance.now() - this.openSinceMs >= STABLE_MS) this.failures = 0
      this.openSinceMs = null
      await pause(backoffMs(this.failures++), signal)
    }
  }

  /** One connection to its end, and how the job stands then. */
  private async follow(): Promise<Job> {
    const onConnection = (state: 'open' | 'lost') => {
      this.openSinceMs = performance.now()
      this.options.onConnection?.(state)
    }
    const onFrame = (frame: LiveFrame) => this.seen(frame)
    this.token = this.http.address.token
    await listenOnce(this.http, this.jobId, this.since, { ...this.options, onConnection, onFrame })
    return this.http.json<Job>({ method: 'GET', url: `/v1/jobs/${this.jobId}`, signal: this.options.signal })
  }

  private seen(frame: LiveFrame): void {
    this.since = Math.max(this.since, frame.seq)
    this.lostSinceMs = null
    if (frame.type !== 'ping') this.options.onFrame?.(frame)
  }

  /** Returns when it is worth another try. @throws the error otherwise */
  private async survive(error: unknown): Promise<null> {
    if (this.options.signal?.aborted) throw new DomainError('canceled', { cause: error })
    if (!(error instanceof DomainError)) throw error
    if (isTokenProblem(error)) await this.http.renewToken(error, this.token, this.options.renewToken)
    else if (!error.retryable) throw error
    const nowMs = Date.now()
    // No try takes this long: the computer slept, and its network needs a moment.
    if (nowMs - this.failedMs > GIVE_UP_MS) this.lostSinceMs = null
    this.failedMs = nowMs
    this.lostSinceMs ??= nowMs
    if (nowMs - this.lostSinceMs > GIVE_UP_MS) throw error
    return null
  }
}

/** One connection: resolves when the server closes it in order, rejects when it is lost. */
function listenOnce(http: HttpConnection, jobId: string, since: number, options: WatchOptions): Promise<void> {
  const url = `${http.address.url.replace(/^http/, 'ws')}/ws/jobs/${jobId}?since=${since}`
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${http.address.token}` },
    perMessageDeflate: false,
    agent: http.liveAgent,
  })
  return new Promise((resolve, reject) => {
    let header: PreviewHeader | null = null
    let isDone = false
    let unpacking: Promise<void> = Promise.resolve()
    const lost = (reason: string, cause?: unknown) =>
      finish(() => reject(new DomainError('server_unreachable', { url: http.address.url, reason, cause })))
    const silence = setTimeout(() => lost('silent'), SILENCE_MS)
    const abort = () => finish(() => reject(new DomainError('canceled')))
    const finish = (settle: () => void) => {
      if (isDone) return
      isDone = true
      clearTimeout(silence)
      options.signal?.removeEventListener('abort', abort)
      socket.terminate()
      void unpacking.then(settle, settle)
    }
    options.signal?.addEventListener('abort', abort, { once: true })
    socket.on('open', () => options.onConnection?.('open'))
    socket.on('unexpected-response', (request, response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        request.destroy() // else the connection stays open for as long as the server keeps it
        finish(() => reject(refusal(text, response.statusCode ?? 0, http.address.url)))
      })
    })
    socket.on('error', (error) =>
      error instanceof DomainError
        ? finish(() => reject(error))
        : lost((error as NodeJS.ErrnoException).code ?? error.message, error),
    )
    socket.on('close', (code) => (ORDERLY_CLOSES.includes(code) ? finish(resolve) : lost(`closed with ${code}`)))
    socket.on('message', (data: RawData, isBinary: boolean) => {
      silence.refresh()
      if (isBinary && header) {
        const found = header
        header = null
        unpacking = unpacking
          .then(async () => options.onPreview?.(await unpackPreview(found, data as Buffer)))
          .catch((error) => lost('damaged preview', error))
        return
      }
      const frame = JSON.parse(String(data)) as LiveFrame
      if (frame.type === 'preview') header = frame.data
      options.onFrame?.(frame)
    })
  })
}

/** What the server says, or what a proxy in front says while the server is away. */
function refusal(text: string, status: number, url: string): DomainError {
  try {
    return errorFromEnvelope(JSON.parse(text))
  } catch (cause) {
    if (status === 502 || status === 503 || status === 504)
      return new DomainError('server_unreachable', { url, reason: `HTTP ${status}`, cause })
    return new DomainError('server_incompatible', { url, cause })
  }
}

/** Voxels of a preview frame. @throws when the payload does not have the announced shape */
export async function unpackPreview(header: PreviewHeader, payload: Uint8Array): Promise<Preview> {
  const bytesPerVoxel = header.dtype === 'uint8' ? 1 : 2
  const expected = header.shape_zyx[0] * header.shape_zyx[1] * header.shape_zyx[2] * bytesPerVoxel
  const bytes = await unpack(payload, { maxOutputLength: expected + 1 })
  if (bytes.length !== expected) throw new Error(`preview of ${bytes.length} bytes, ${expected} expected`)
  const whole = new Uint8Array(bytes)
  return { header, voxels: bytesPerVoxel === 1 ? whole : new Uint16Array(whole.buffer) }
}
