import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import * as backoff from './backoff.ts'
import { HttpConnection, retryAfterMs } from './http.ts'

let server: Server
afterEach(async () => {
  vi.restoreAllMocks()
  await new Promise((resolve) => void server.close(resolve))
})

async function connect(answer: RequestListener): Promise<HttpConnection> {
  server = createServer(answer)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return new HttpConnection({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't' })
}

const LIMITED = JSON.stringify({ code: 'rate_limited', message: 'Too many.', hint: 'Wait.', retryable: true })

/** Refuses always. @returns how often it was asked, and the waits */
async function refused(headers: Record<string, string>, request: object = {}) {
  const waits: number[] = []
  vi.spyOn(backoff, 'pause').mockImplementation(async (ms) => void waits.push(ms))
  let numAsked = 0
  const http = await connect((_, reply) => {
    numAsked++
    reply.writeHead(429, { 'content-type': 'application/problem+json', ...headers }).end(LIMITED)
  })
  await expect(http.json({ url: '/', ...request })).rejects.toMatchObject({ code: 'rate_limited' })
  return { numAsked, waits }
}

it('gives up after three waits of the time that the server names', async () => {
  expect(await refused({ 'retry-after': '7' })).toEqual({ numAsked: 4, waits: [7000, 7000, 7000] })
})

it('does not wait where that would be long, or is not said', async () => {
  expect(await refused({ 'retry-after': '600' })).toEqual({ numAsked: 1, waits: [] })
  await new Promise((resolve) => void server.close(resolve))
  expect(await refused({})).toEqual({ numAsked: 1, waits: [] })
})

it('does not send a stream again', async () => {
  async function* body() {
    yield Buffer.from('x')
  }
  const request = { method: 'PUT', data: body() }
  expect(await refused({ 'retry-after': '1' }, request)).toEqual({ numAsked: 1, waits: [] })
})

it('reads the time to wait as seconds and as a date', async () => {
  await connect((_, reply) => void reply.end())
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(retryAfterMs('12', now)).toBe(12_000)
  expect(retryAfterMs('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000)
  expect(retryAfterMs('Thu, 01 Jan 2025 00:00:30 GMT', now)).toBe(0)
  expect(retryAfterMs('soon', now)).toBeNull()
  expect(retryAfterMs(undefined, now)).toBeNull()
})
