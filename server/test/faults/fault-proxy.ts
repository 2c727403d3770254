import net from 'node:net'
import type { Random } from './seeded-random.ts'
import type { Tally } from './tally.ts'

/** What happens to one connection. */
export type Fault =
  | { kind: 'none' }
  /** Ended by a reset, or in order, after this many bytes in either direction. */
  | { kind: 'rst' | 'fin'; afterBytes: number }
  /** Nothing passes for a while. */
  | { kind: 'stall'; afterBytes: number; ms: number }
  | { kind: 'delay'; ms: number }
  | { kind: 'limit'; bytesPerSecond: number }
  /** The answer ends early, in order, as if it were whole. */
  | { kind: 'truncate'; afterBytes: number }

export interface FaultProxy {
  /** Where it leads. */
  serverPort: number
  port: number
  url: string
  /** From now on every connection passes unharmed. */
  calm(): void
  close(): Promise<void>
}

/** How often each kind is drawn, of 100. */
const SHARES: readonly [number, (random: Random) => Fault][] = [
  [25, () => ({ kind: 'none' })],
  [20, (random) => ({ kind: 'rst', afterBytes: random.whole(1, 90_000) })],
  [15, (random) => ({ kind: 'fin', afterBytes: random.whole(1, 90_000) })],
  [12, (random) => ({ kind: 'stall', afterBytes: random.whole(0, 60_000), ms: random.whole(200, 2500) })],
  [10, (random) => ({ kind: 'delay', ms: random.whole(5, 60) })],
  [10, (random) => ({ kind: 'limit', bytesPerSecond: random.whole(200_000, 2_000_000) })],
  [8, (random) => ({ kind: 'truncate', afterBytes: random.whole(1, 4_000) })],
]

/** The fault that a seed gives to a connection. */
export function drawFault(random: Random): Fault {
  let left = random.whole(0, 99)
  for (const [share, make] of SHARES) {
    if (left < share) return make(random)
    left -= share
  }
  return { kind: 'none' }
}

/** A TCP proxy on the loopback that harms connections as a seed says; it knows nothing of HTTP. */
export async function startFaultProxy(targetPort: number, random: Random, tally: Tally): Promise<FaultProxy> {
  let isCalm = false
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
    tally.add('connections')
    new Connection(client, upstream, isCalm ? { kind: 'none' } : drawFault(random), tally).start()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    serverPort: targetPort,
    port,
    url: `http://127.0.0.1:${port}`,
    calm: () => {
      isCalm = true
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** One connection: passing → harmed once → passing or ended. */
class Connection {
  private passedBytes = 0
  private isHarmed = false
  private isEnded = false
  private readonly client: net.Socket
  private readonly upstream: net.Socket
  private readonly fault: Fault
  private readonly tally: Tally

  constructor(client: net.Socket, upstream: net.Socket, fault: Fault, tally: Tally) {
    this.client = client
    this.upstream = upstream
    this.fault = fault
    this.tally = tally
  }

  start(): void {
    if (this.fault.kind === 'delay') this.tally.add('delayed_connections')
    if (this.fault.kind === 'limit') this.tally.add('slow_connections')
    for (const [from, to] of [
      [this.client, this.upstream],
      [this.upstream, this.client],
    ]) {
      from.on('error', () => this.end(false))
      from.on('close', () => this.end(false))
      from.on('end', () => !this.isEnded && to.end())
      from.on('data', (chunk: Buffer) => this.pass(from, to, chunk))
    }
  }

  private pass(from: net.Socket, to: net.Socket, chunk: Buffer): void {
    if (this.isEnded) return
    this.passedBytes += chunk.length
    const { fault } = this
    switch (fault.kind) {
      case 'delay':
        return this.later(from, to, chunk, fault.ms)
      case 'limit':
        return this.later(from, to, chunk, (1000 * chunk.length) / fault.bytesPerSecond)
      case 'truncate':
        if (from === this.upstream && this.passedBytes > fault.afterBytes) return this.truncate(to, chunk)
        break
      case 'stall':
        if (this.isDue(fault.afterBytes)) {
          this.tally.add('stalls')
          return this.later(from, to, chunk, fault.ms)
        }
        break
      case 'rst':
      case 'fin':
        if (this.isDue(fault.afterBytes)) return this.cut(to, chunk, fault.kind === 'rst')
        break
      case 'none':
        break
    }
    if (!to.write(chunk)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  }

  /** True once, when enough has passed. */
  private isDue(afterBytes: number): boolean {
    if (this.isHarmed || this.passedBytes <= afterBytes) return false
    this.isHarmed = true
    return true
  }

  private later(from: net.Socket, to: net.Socket, chunk: Buffer, ms: number): void {
    from.pause()
    setTimeout(() => {
      if (!this.isEnded) to.write(chunk)
      from.resume()
    }, ms)
  }

  /** Half of the chunk still goes through, so that cuts fall inside of messages. */
  private cut(to: net.Socket, chunk: Buffer, isReset: boolean): void {
    this.tally.add(isReset ? 'cuts_rst' : 'cuts_fin')
    to.write(chunk.subarray(0, chunk.length >> 1), () => this.end(isReset))
  }

  private truncate(to: net.Socket, chunk: Buffer): void {
    this.tally.add('truncated_connections')
    to.write(chunk.subarray(0, chunk.length >> 1), () => this.end(false))
  }

  private end(isReset: boolean): void {
    if (this.isEnded) return
    this.isEnded = true
    for (const socket of [this.client, this.upstream]) {
      if (isReset) socket.resetAndDestroy()
      else socket.end(() => socket.destroy())
    }
  }
}
