import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConnectionBytes } from '../metrics/connection-bytes.ts'

/** An id that a proxy gave a request: long enough to be one, nothing that could forge a line of the log. */
const GIVEN_ID = /^[A-Za-z0-9_-]{8,64}$/

/** @param isTrusted whether a proxy in front may name requests */
export function requestIds(isTrusted: boolean): (request: IncomingMessage) => string {
  return ({ headers }) => {
    const given = headers['x-request-id']
    return isTrusted && typeof given === 'string' && GIVEN_ID.test(given) ? given : randomUUID()
  }
}

/**
 * Writes one line per request once it is answered: what was asked by its route's pattern, never by its address, so that
 * no query, file name or id of a link gets into the log.
 */
export function addRequestLog(app: FastifyInstance, bytes: ConnectionBytes): void {
  const write = (request: FastifyRequest, reply: FastifyReply, status: number) => {
    const moved = bytes.take(request.raw.socket)
    request.log.info(
      {
        method: request.method,
        route: routeOf(request),
        status,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        bytes_in: moved.received,
        bytes_out: moved.sent,
        ...(request.owner ? { user: request.owner } : {}),
        ...idsOf(request, reply.getHeader('location')),
      },
      'request',
    )
  }
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    // A connection that became a live channel is never answered; its line is written when it ends.
    if (request.headers.upgrade !== undefined)
      // An injected one has no socket.
      request.raw.socket?.once('close', () => reply.raw.statusCode === 200 && write(request, reply, 101))
  })
  app.addHook('onResponse', async (request, reply) => write(request, reply, reply.statusCode))
}

/** Pattern of the route, or `none` for an address that is none. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : (request.routeOptions.url ?? 'none')
}

/** Ids of ours that the request is about, so that lines of a request and of its job can be put together. */
function idsOf(request: FastifyRequest, location: unknown): Record<string, string> {
  const { jobId, uploadId, volumeId } = (request.params ?? {}) as Record<string, string | undefined>
  const made = typeof location === 'string' ? /^\/v1\/jobs\/([0-9a-f-]{36})$/.exec(location)?.[1] : undefined
  const ids = { job_id: jobId ?? made, upload_id: uploadId, volume_id: volumeId }
  return Object.fromEntries(
    Object.entries(ids).filter((entry): entry is [string, string] => /^[0-9a-f-]{36}$/.test(entry[1] ?? '')),
  )
}
