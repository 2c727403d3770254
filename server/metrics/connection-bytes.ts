import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'

/** Bytes that moved over connections, headers included. */
export interface MovedBytes {
  received: number
  sent: number
}

/**
 * Counts what passes over the connections of a server, downloads and live channels under way included.
 * Each connection is counted twice: for the sum of all, and for the request that is on it.
 */
export class ConnectionBytes {
  private readonly open = new Map<Socket, MovedBytes>()
  /** Closed, and counted in `closed`. */
  private readonly gone = new WeakSet<Socket>()
  private readonly closed: MovedBytes = { received: 0, sent: 0 }

  /** Counts the connections of a server from now on. */
  watch(server: Server): void {
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.open.set(socket, { received: 0, sent: 0 })
      socket.once('close', () => {
        this.gone.add(socket)
        this.closed.received += socket.bytesRead
        this.closed.sent += socket.bytesWritten
        // Whoever writes the line of a live channel at its end asks after this.
        setImmediate(() => this.open.delete(socket))
      })
    })
  }

  /** What moved on a connection since it was last asked for; requests follow each other on it. */
  take(socket: Socket): MovedBytes {
    const before = this.open.get(socket)
    if (!before) return { received: 0, sent: 0 }
    const now = { received: socket.bytesRead, sent: socket.bytesWritten }
    this.open.set(socket, now)
    return { received: now.received - before.received, sent: now.sent - before.sent }
  }

  /** Everything since the start. */
  total(): MovedBytes {
    const sum = { ...this.closed }
    for (const socket of this.open.keys()) {
      if (this.gone.has(socket)) continue
      sum.received += socket.bytesRead
      sum.sent += socket.bytesWritten
    }
    return sum
  }
}
