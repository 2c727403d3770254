import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * Closes the connection of an upgrade that was refused, once the answer is out. Node has given it away by then: nobody
 * reads it any more, so that it would stay open after the client has left.
 */
export function addRefusedUpgradeEnd(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ raw, headers }, reply) => {
    const isRefused = headers.upgrade !== undefined && reply.statusCode !== 101
    if (isRefused && raw.socket instanceof Socket) raw.socket.destroySoon()
  })
}
