import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose volumes and jobs this request may touch. Written by the auth plugin only. */
    owner: string
  }
  interface FastifyContextConfig {
    /** Where it is given, the address needs no token. */
    isOpen?: true
  }
}

/** Paths that need no token: health for monitors, artifacts because their links are signed. */
const OPEN_PATHS = [/^\/v1\/healthz$/, /^\/v1\/readyz$/, /^\/v1\/files\//]

/** Lets in requests that carry the server's token. */
export function addAuth(app: FastifyInstance, token: string): void {
  const expected = digest(token)
  app.decorateRequest('owner', '')
  app.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions
    if (config.isOpen || OPEN_PATHS.some((open) => open.test(request.url.split('?')[0]))) return
    const given = bearerOf(request)
    if (given === null || !timingSafeEqual(digest(given), expected)) throw new DomainError('unauthorized')
    request.owner = 'owner'
  })
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
