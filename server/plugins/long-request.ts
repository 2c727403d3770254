import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** How often a connection that says nothing is asked by the system whether its other end is still there. */
const PROBE_MS = 30_000

/**
 * For routes whose work may take minutes without a byte on the wire: their connection is not ended for being silent, only
 * when its other end is gone. The framework sets the limit again for the next request on it.
 */
export async function mayTakeLong(request: FastifyRequest): Promise<void> {
  const { socket } = request.raw
  // What a test hands in beside the network has no connection.
  if (!(socket instanceof Socket)) return
  socket.setTimeout(0)
  socket.setKeepAlive(true, PROBE_MS)
}
