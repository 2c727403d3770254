import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'

const MINUTE_MS = 60_000

/**
 * What many requests are right for: parts and artifacts, which have limits of their own, looks at a job or upload that
 * goes on, and monitors.
 */
const EXEMPT = new Set([
  'PUT /v1/uploads/:uploadId/part/:partIndex',
  'GET /v1/uploads/:uploadId',
  'GET /v1/uploads/:uploadId/status',
  'GET /v1/files/:jobId/:name',
  'HEAD /v1/files/:jobId/:name',
  'GET /v1/jobs/:jobId',
  'GET /v1/healthz',
  'GET /v1/readyz',
  'GET /metrics',
])

/** Limits the requests that one token, or without one an address, may send in a minute. @param perMinute 0: no limit */
export async function addRateLimit(app: FastifyInstance, perMinute: number): Promise<void> {
  if (perMinute === 0) return
  await app.register(rateLimit, {
    global: true,
    // After the token was checked, for the limit is of a token and not of the proxy in front; before anything is read or
    // looked up, so that refused requests count as well, but for those with a refused token: `RefusedSignIns` counts them.
    hook: 'onRequest',
    max: perMinute,
    timeWindow: MINUTE_MS,
    keyGenerator: senderOf,
    allowList: (request) => EXEMPT.has(`${request.method} ${request.routeOptions.url}`),
    errorResponseBuilder: (_request, { max, ttl }) =>
      new DomainError('rate_limited', { limit: max, retryAfterSeconds: Math.max(1, Math.ceil(ttl / 1000)) }),
  })
}

function senderOf({ access, ip }: FastifyRequest): string {
  if (!access) return `address ${ip}`
  return access.tokenId === null ? `user ${access.user}` : `token ${access.tokenId}`
}
