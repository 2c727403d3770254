import { isRefusal, type Verdict } from './hostile-judge.ts'

/** One hostile request, as bytes, and what its answer may be. */
export interface HostileCase {
  name: string
  bytes: string | Uint8Array
  verdict: Verdict
  trickle?: { piece: string; everyMs: number }
  timeoutMs?: number
}

/** What the makers of hostile requests know: a valid token and ids of things that exist. */
export interface Target {
  token: string
  ids: Readonly<Record<string, string>>
}

export interface RequestParts {
  method: string
  path: string
  headers?: readonly string[]
  body?: string | Uint8Array
  /** Null: no Content-Length. */
  length?: string | number | null
  token?: string | null
}

/** A request put together as text, so that every word of it can be wrong. Ids in a path are not encoded. */
export function request(target: Target, parts: RequestParts): Buffer {
  const { method, path, headers = [], body = '', token = target.token } = parts
  const length = parts.length === undefined ? Buffer.byteLength(body) : parts.length
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...(length === null ? [] : [`Content-Length: ${length}`]),
    ...headers,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)])
}

export const JSON_TYPE = 'Content-Type: application/json'

export function hostile(name: string, bytes: string | Uint8Array, verdict: Verdict = isRefusal): HostileCase {
  return { name, bytes, verdict }
}
