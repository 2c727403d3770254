import { createHash, randomBytes } from 'node:crypto'
import net from 'node:net'
import { filled } from './addresses.ts'
import { type HostileCase, hostile, request, type Target } from './hostile-case.ts'
import { isRefusalOrEnd } from './hostile-judge.ts'

/** Longest wait for the server to end a connection that misbehaves. */
const END_MS = 15_000

/** How long a flood has to reach the server before its sender goes. */
const FLOOD_MS = 1500

/** Upgrades that must be refused with a plain answer. */
export function hostileUpgrades(target: Target): HostileCase[] {
  const upgrade = (name: string, path: string, change: Partial<Record<string, string>> = {}, token?: string | null) => {
    const wanted: Record<string, string | undefined> = {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      ...change,
    }
    const headers = Object.entries(wanted).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
    const head = request(target, { method: 'GET', path, headers, ...(token === undefined ? {} : { token }) })
    const bytes = Buffer.from(head.toString('latin1').replace('Connection: close\r\n', ''), 'latin1')
    return hostile(`upgrade ${name}`, bytes, isRefusalOrEnd)
  }
  const path = filled('/ws/jobs/:jobId', target.ids)
  return [
    upgrade('without a token', path, {}, null),
    upgrade('with a wrong token', path, {}, 'cm_wrong'),
    upgrade('with the token in the protocol', path, { 'Sec-WebSocket-Protocol': target.token }, null),
    upgrade('of a job that is not there', '/ws/jobs/00000000-0000-7000-8000-000000000000'),
    upgrade('with a bad id', '/ws/jobs/..%2f..'),
    upgrade('with a negative since', `${path}?since=-1`),
    upgrade('with an endless since', `${path}?since=1e999`),
    upgrade('with another encoding', `${path}?encoding=evil`),
    upgrade('with an unknown field', `${path}?x=1`),
    upgrade('of another address', '/v1/jobs/x'),
    upgrade('of nothing', '/ws'),
    upgrade('with a bad key', path, { 'Sec-WebSocket-Key': 'short' }),
    upgrade('without a key', path, { 'Sec-WebSocket-Key': undefined }),
    upgrade('of version 99', path, { 'Sec-WebSocket-Version': '99' }),
    upgrade('with a bad extension', path, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99;;',
    }),
  ]
}

/** One frame as bytes. A client must mask; what it sends here is masked with zeros where it is. */
function frame(first: number, payload: Uint8Array, isMasked = true, announced = payload.length): Buffer {
  const mask = isMasked ? 0x80 : 0
  const length =
    announced < 126
      ? Buffer.of(mask | announced)
      : announced < 65_536
        ? Buffer.of(mask | 126, announced >> 8, announced & 0xff)
        : Buffer.concat([Buffer.of(mask | 127), bigLength(announced)])
  return Buffer.concat([Buffer.of(first), length, isMasked ? Buffer.alloc(4) : Buffer.alloc(0), payload])
}

function bigLength(length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length))
  return bytes
}

/** Frames that break RFC 6455 or the limits of the channel. The server has to end each of these connections. */
export const BAD_FRAMES: Readonly<Record<string, Uint8Array>> = {
  'reserved opcode': frame(0x83, Buffer.from('a')),
  'reserved control opcode': frame(0x8b, Buffer.from('a')),
  'reserved bits': frame(0xf1, Buffer.from('a')),
  'compressed without agreement': frame(0xc1, Buffer.from('a')),
  'not masked': frame(0x81, Buffer.from('hello'), false),
  'length of 2^40': frame(0x82, Buffer.alloc(10), true, 2 ** 40),
  'length above 2^63': Buffer.concat([Buffer.of(0x82, 0xff), Buffer.alloc(8, 0xff), Buffer.alloc(4)]),
  'larger than allowed': frame(0x82, Buffer.alloc(100_000)),
  'fragments without end': Buffer.concat([
    frame(0x01, Buffer.from('a')),
    ...Array.from({ length: 10_000 }, () => frame(0x00, Buffer.from('b'))),
  ]),
  'continuation of nothing': frame(0x80, Buffer.from('a')),
  'two messages in one': Buffer.concat([frame(0x01, Buffer.from('a')), frame(0x01, Buffer.from('b'))]),
  'invalid UTF-8': frame(0x81, Buffer.of(0xc3, 0x28, 0xff)),
  'fragmented ping': frame(0x09, Buffer.from('a')),
  'large ping': frame(0x89, Buffer.alloc(126)),
  'close with one byte': frame(0x88, Buffer.of(3)),
  'close with a bad code': frame(0x88, Buffer.of(0x03, 0xed)),
  'close with invalid UTF-8': frame(0x88, Buffer.of(0x03, 0xe8, 0xff, 0xfe)),
  noise: Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(50)),
}

/** Frames that are right, but many: the server may go on or end the connection, and must stay as it is. */
export const FLOODS: Readonly<Record<string, Uint8Array>> = {
  'flood of pings': Buffer.concat(Array.from({ length: 20_000 }, () => frame(0x89, Buffer.from('ping')))),
  'flood of pongs': Buffer.concat(Array.from({ length: 20_000 }, () => frame(0x8a, Buffer.from('pong')))),
  'flood of texts': Buffer.concat(Array.from({ length: 20_000 }, () => frame(0x81, Buffer.from('{}')))),
  'flood of empty fragments': Buffer.concat(Array.from({ length: 20_000 }, () => frame(0x00, Buffer.alloc(0)))),
}

/** How a live connection that sent something bad was ended; `accepted` is whether the upgrade was. */
export interface SocketEnd {
  accepted: boolean
  isEnded: boolean
}

/** Opens a live channel and sends bytes on it. @param waitForEnd false: closes it after a moment */
export function sendFrames(
  port: number,
  jobId: string,
  token: string,
  bytes: Uint8Array,
  waitForEnd: boolean,
): Promise<SocketEnd> {
  const key = randomBytes(16).toString('base64')
  const expected = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let received = ''
    let accepted = false
    const finish = (isEnded: boolean) => {
      clearTimeout(deadline)
      socket.destroy()
      resolve({ accepted, isEnded })
    }
    let deadline = setTimeout(() => finish(false), END_MS)
    socket.on('connect', () => {
      const lines = ['Host: x', `Authorization: Bearer ${token}`, 'Upgrade: websocket', 'Connection: Upgrade']
      const keys = [`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13']
      socket.write(`GET /ws/jobs/${jobId} HTTP/1.1\r\n${[...lines, ...keys].join('\r\n')}\r\n\r\n`)
    })
    socket.on('data', (chunk) => {
      if (accepted) return
      received += chunk.toString('latin1')
      if (!received.includes(expected)) return
      accepted = true
      socket.write(bytes)
      if (waitForEnd) return
      clearTimeout(deadline)
      deadline = setTimeout(() => finish(false), FLOOD_MS)
    })
    socket.on('error', () => finish(true))
    socket.on('end', () => finish(true))
    socket.on('close', () => finish(true))
  })
}
