import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import { bearerOf } from './auth.ts'
import { routeOf } from './request-log.ts'

/** `GET /metrics` for Prometheus, and the figures of every request. */
export function addMetrics(app: FastifyInstance, metrics: ServerMetrics, token: string | null): void {
  app.addHook('onResponse', async (request, reply) => {
    metrics.requestAnswered({
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    })
  })
  app.get('/metrics', { config: { isOpen: true } }, async (request, reply) => {
    if (!isFromHere(request) && !hasToken(request, token)) throw new DomainError('unauthorized')
    return reply.type(metrics.registry.contentType).send(await metrics.text())
  })
}

/** True for a request of this computer that no proxy passed on: what a proxy passes on comes from anywhere. */
function isFromHere({ raw }: FastifyRequest): boolean {
  const { forwarded, via, ...headers } = raw.headers
  const isPassedOn = forwarded !== undefined || via !== undefined || headers['x-forwarded-for'] !== undefined
  return !isPassedOn && /^(127\.|::1$|::ffff:127\.)/.test(raw.socket.remoteAddress ?? '')
}

function hasToken(request: FastifyRequest, token: string | null): boolean {
  const given = bearerOf(request)
  if (given === null || token === null) return false
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
