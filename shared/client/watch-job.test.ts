import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { backoffMs } from './backoff.ts'
import { createClient } from './client.ts'

const JOB = '00000000-0000-7000-8000-000000000000'

let http: Server
let sockets: WebSocketServer
/** What the server does with each connection in turn; the last stays. */
let plan: ((socket: WebSocket, url: string) => void)[]
let isTokenGood: (authorization: string) => boolean
let state: string
let url: string

beforeEach(async () => {
  plan = []
  isTokenGood = () => true
  state = 'running'
  http = createServer((request, reply) => {
    const isGood = isTokenGood(request.headers.authorization ?? '')
    const problem = { code: 'token_expired', message: 'The token expired.', hint: 'Ask.', retryable: false }
    reply.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
    reply.end(JSON.stringify(isGood ? { job_id: JOB, state } : problem))
  })
  sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket, request) => {
    const act = plan.length > 1 ? plan.shift() : plan[0]
    act?.(socket, request.url ?? '')
  })
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate()
  http.closeAllConnections()
  await new Promise((resolve) => void http.close(resolve))
})

function sendState(socket: WebSocket, seq: number): void {
  const frame = { type: 'state', seq, job_id: JOB, time: '2026-01-01T00:00:00.000Z', data: { state, attempt: 1 } }
  socket.send(JSON.stringify(frame))
}

/** The last connection: the job has ended. */
function endJob(socket: WebSocket): void {
  state = 'completed'
  socket.close(1000)
}

describe('watching a job', () => {
  it('comes back after a stop, an error and a cut of the server, and asks for what it missed', async () => {
    const asked: string[] = []
    const leave = (seq: number, end: (socket: WebSocket) => void) => (socket: WebSocket, path: string) => {
      asked.push(path)
      sendState(socket, seq)
      setTimeout(() => end(socket), 20)
    }
    plan = [
      leave(5, (socket) => socket.close(1001)),
      leave(7, (socket) => socket.close(1011)),
      leave(9, (socket) => socket.terminate()),
      leave(11, endJob),
    ]
    const connections: string[] = []
    const seen: number[] = []
    const job = await createClient({ url, token: 't' }).watchJob(JOB, {
      onConnection: (now) => connections.push(now),
      onFrame: ({ seq }) => seen.push(seq),
    })
    expect(job.state).toBe('completed')
    expect(asked.map((path) => path.split('?')[1])).toEqual(['since=0', 'since=5', 'since=7', 'since=9'])
    expect(seen).toEqual([5, 7, 9, 11])
    expect(connections).toEqual(['open', 'lost', 'open', 'lost', 'open', 'lost', 'open'])
  })

  it('goes on after a sleep that began while the connection was lost', async () => {
    let sleptMs = 0
    const realNow = Date.now.bind(Date)
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + sleptMs)
    const lose = (ms: number) => (socket: WebSocket) => {
      socket.terminate()
      sleptMs += ms
    }
    plan = [lose(0), lose(3600_000), lose(0), endJob]
    try {
      expect((await createClient({ url, token: 't' }).watchJob(JOB, {})).state).toBe('completed')
    } finally {
      clock.mockRestore()
    }
  })

  it('asks for another token when its own has ended, and goes on with it', async () => {
    isTokenGood = (given) => given === 'Bearer second'
    plan = [(socket) => socket.close(4401, 'token ended'), endJob]
    let asked = 0
    const renewToken = async () => {
      asked++
      return 'second'
    }
    const client = createClient({ url, token: 'first' })
    expect((await client.watchJob(JOB, { renewToken })).state).toBe('completed')
    expect(asked).toBe(1)
    expect(client.address.token).toBe('second')
  })

  it('ends with what the server says of the token when there is no other', async () => {
    isTokenGood = () => false
    plan = [(socket) => socket.close(4401, 'token ended')]
    const client = createClient({ url, token: 'first' })
    await expect(client.watchJob(JOB, {})).rejects.toMatchObject({ code: 'token_expired' })
    await expect(client.watchJob(JOB, { renewToken: async () => null })).rejects.toMatchObject({
      code: 'token_expired',
    })
  })
})

describe('the waits between tries', () => {
  it('lie anywhere between nothing and a bound that doubles up to 15 s', () => {
    const bounds = [0, 1, 2, 3, 6, 7, 50].map((failures) => backoffMs(failures, () => 1))
    expect(bounds).toEqual([250, 500, 1000, 2000, 15_000, 15_000, 15_000])
    expect(backoffMs(6, () => 0)).toBe(0)
    expect(backoffMs(6, () => 0.5)).toBe(7500)
  })
})
