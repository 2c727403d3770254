import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse, isAxiosError } from 'axios'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../errors/domain-error.ts'
import type { ServerAddress } from './api.ts'
import { pause } from './backoff.ts'
import { CheckedAgent, checkedTrust } from './server-trust.ts'

/** Time for an answer to a small request. */
const REQUEST_TIMEOUT_MS = 60_000

/** A server counts requests by the minute: what it asks to wait is waited up to this, and so many times. */
const MOST_WAIT_MS = 90_000
const MOST_WAITS = 3

/** One request. `isUrgent`: a server that asks to wait is answered with its problem at once. */
export type Request = AxiosRequestConfig & { isUrgent?: boolean }

/** True where another token may help. */
export function isTokenProblem({ code }: DomainError): boolean {
  return code === 'unauthorized' || code === 'token_expired'
}

/** HTTP to one server: JSON in, JSON out, problems as `DomainError`. */
export class HttpConnection {
  private readonly http: AxiosInstance
  readonly address: ServerAddress
  /** Checks certificates of live channels; undefined for plain HTTP. */
  readonly liveAgent: CheckedAgent | undefined

  constructor(address: ServerAddress) {
    const trust = checkedTrust(address.trust ?? {})
    this.address = { ...address, url: checkedUrl(address.url), trust }
    const isHttps = this.address.url.startsWith('https:')
    this.liveAgent = isHttps ? new CheckedAgent(this.address.url, trust, false) : undefined
    this.http = axios.create({
      baseURL: this.address.url,
      timeout: REQUEST_TIMEOUT_MS,
      httpsAgent: isHttps ? new CheckedAgent(this.address.url, trust) : undefined,
      maxRedirects: 0,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxContentLength: Number.POSITIVE_INFINITY,
      validateStatus: () => true,
      proxy: isLoopback(this.address.url) ? false : undefined,
    })
    this.setToken(address.token)
  }

  /** Every later request carries this token. */
  setToken(token: string): void {
    this.address.token = token
    this.http.defaults.headers.common.authorization = `Bearer ${token}`
  }

  /**
   * Takes another token in place of the one that was refused.
   * @throws the problem where there is no other
   */
  async renewToken(problem: DomainError, refused: string, ask = this.address.renewToken): Promise<void> {
    if (this.address.token !== refused) return // another request was first
    const token = (await ask?.(refused)) ?? null
    if (token === null || token === refused) throw problem
    this.setToken(token)
  }

  /** Sends a request and gives the body of a 2xx answer. @throws {DomainError} what the server says, or `server_unreachable` */
  async json<T>(config: Request): Promise<T> {
    const response = await this.send<T>(config)
    return response.data
  }

  /**
   * As `json`, with the whole response; bodies of errors are read whatever the response type. What can be sent again is,
   * with another token where the one in use is refused, and after the time that `Retry-After` names where there were too
   * many requests.
   */
  async send<T>(config: Request): Promise<AxiosResponse<T>> {
    for (let numWaits = 0; ; numWaits++) {
      const { token } = this.address
      const response = await this.once<T>(config)
      if (response.status >= 200 && response.status < 300) return response
      const problem = await this.problemOf(response)
      if (isStream(config.data)) throw problem
      const waitMs = response.status === 429 ? retryAfterMs(response.headers['retry-after']) : null
      if (isTokenProblem(problem)) await this.renewToken(problem, token)
      else if (waitMs === null || waitMs > MOST_WAIT_MS || numWaits === MOST_WAITS || config.isUrgent) throw problem
      else await pause(waitMs, config.signal as AbortSignal | undefined)
    }
  }

  private async once<T>(config: Request): Promise<AxiosResponse<T>> {
    try {
      return await this.http.request<T>(config)
    } catch (error) {
      throw this.explain(error, config.signal as AbortSignal | undefined)
    }
  }

  private explain(error: unknown, signal: AbortSignal | undefined): DomainError {
    if (signal?.aborted) return new DomainError('canceled', { cause: error })
    if (error instanceof DomainError) return error
    // A certificate that was refused comes wrapped.
    if (isAxiosError(error) && error.cause instanceof DomainError) return error.cause
    const reason = isAxiosError(error) ? (error.code ?? error.message) : String((error as Error).message)
    return new DomainError('server_unreachable', { url: this.address.url, reason, cause: error })
  }

  private async problemOf(response: AxiosResponse<unknown>): Promise<DomainError> {
    const body = await bodyOf(response.data)
    if (isEnvelope(body)) return errorFromEnvelope(body)
    if (response.status === 502 || response.status === 503 || response.status === 504) {
      return new DomainError('server_unreachable', { url: this.address.url, reason: `HTTP ${response.status}` })
    }
    return new DomainError('server_incompatible', { url: this.address.url })
  }
}

/** @throws {DomainError} `usage` */
function checkedUrl(text: string): string {
  const refuse = () =>
    new DomainError('usage', {
      reason: `"${text}" is not the address of a server.`,
      hint: 'Enter http://host:port or https://host.',
    })
  let url: URL
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`)
  } catch {
    throw refuse()
  }
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username || url.password) throw refuse()
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`
}

/** A body that is gone once it was sent. */
function isStream(data: unknown): boolean {
  return data !== null && typeof data === 'object' && Symbol.asyncIterator in data
}

/** Milliseconds that a `Retry-After` names, in seconds or as a date; null for none (RFC 9110, 10.2.3). */
export function retryAfterMs(value: unknown, nowMs = Date.now()): number | null {
  if (typeof value !== 'string') return null
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]'
}

async function bodyOf(data: unknown): Promise<unknown> {
  if (!isStream(data)) return parsed(data)
  const chunks: Uint8Array[] = []
  for await (const chunk of data as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return parsed(new TextDecoder().decode(Buffer.concat(chunks)))
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}

function isEnvelope(body: unknown): body is ProblemEnvelope {
  if (body === null || typeof body !== 'object') return false
  const { code, message, hint } = body as Record<string, unknown>
  return typeof code === 'string' && typeof message === 'string' && typeof hint === 'string'
}
