import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse, isAxiosError } from 'axios'
import { DomainError, errorFromEnvelope, type ProblemEnvelope } from '../errors/domain-error.ts'
import type { ServerAddress } from './api.ts'
import { CheckedAgent, checkedTrust } from './server-trust.ts'

/** Time for an answer to a small request. */
const REQUEST_TIMEOUT_MS = 60_000

/** HTTP to one server: JSON in, JSON out, problems as `DomainError`. */
export class HttpConnection {
  private readonly http: AxiosInstance
  readonly address: ServerAddress
  /** Checks certificates; undefined for plain HTTP. Also for the live channel. */
  readonly agent: CheckedAgent | undefined

  constructor(address: ServerAddress) {
    const trust = checkedTrust(address.trust ?? {})
    this.address = { url: checkedUrl(address.url), token: address.token, trust }
    this.agent = this.address.url.startsWith('https:') ? new CheckedAgent(this.address.url, trust) : undefined
    this.http = axios.create({
      baseURL: this.address.url,
      timeout: REQUEST_TIMEOUT_MS,
      httpsAgent: this.agent,
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

  /** Sends a request and gives the body of a 2xx answer. @throws {DomainError} what the server says, or `server_unreachable` */
  async json<T>(config: AxiosRequestConfig): Promise<T> {
    const response = await this.send<T>(config)
    return response.data
  }

  /** As `json`, with the whole response; bodies of errors are read whatever the response type. */
  async send<T>(config: AxiosRequestConfig): Promise<AxiosResponse<T>> {
    let response: AxiosResponse<T>
    try {
      response = await this.http.request<T>(config)
    } catch (error) {
      throw this.explain(error, config.signal as AbortSignal | undefined)
    }
    if (response.status >= 200 && response.status < 300) return response
    throw await this.problemOf(response)
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

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]'
}

async function bodyOf(data: unknown): Promise<unknown> {
  if (data === null || typeof data !== 'object' || !(Symbol.asyncIterator in data)) return parsed(data)
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
