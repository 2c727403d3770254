import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { type Access, checkScope, type Scope } from '../people/access.ts'
import type { TokenService } from '../people/token-service.ts'
import type { RefusedSignIns } from './refused-sign-ins.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose volumes and jobs this request may touch. Written by the auth plugin only. */
    owner: string
    /** Who sent the request; null on addresses that need no token. Written by the auth plugin only. */
    access: Access | null
    /** Whether its token was refused, the first of its address in a minute. Written by the auth plugin only. */
    isFirstRefused: boolean
  }
  interface FastifyContextConfig {
    /** Where it is given, the address needs no token. */
    isOpen?: true
    /** The token of a request that brings something else in its place; null: it does not. May refuse by a throw. */
    tokenInstead?: (request: FastifyRequest) => string | null
    /** What the token must allow, where it is more than the method says. */
    scope?: Scope
  }
}

/** Paths that need no token: health for monitors, artifacts because their links are signed. */
const OPEN_PATHS = [/^\/v1\/healthz$/, /^\/v1\/readyz$/, /^\/v1\/files\//]

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Lets in requests whose token allows them: reading needs `read`, all else `write`, or what the route says. */
export function addAuth(
  app: FastifyInstance,
  tokens: Pick<TokenService, 'accessOf'>,
  refusedSignIns: RefusedSignIns,
): void {
  app.decorateRequest('isFirstRefused', false)
  app.decorateRequest('owner', '')
  app.decorateRequest('access', null)
  app.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions
    if (config.isOpen || OPEN_PATHS.some((open) => open.test(request.url.split('?')[0]))) return
    const given = config.tokenInstead?.(request) ?? bearerOf(request)
    if (given === null) throw new DomainError('unauthorized')
    refusedSignIns.check(request.ip, given)
    const access = await tokens.accessOf(given).catch((error) => {
      if (isRefusal(error)) request.isFirstRefused = refusedSignIns.refused(request.ip, given)
      throw error
    })
    refusedSignIns.accepted(given)
    request.access = access
    request.owner = access.user
    checkScope(access, config.scope ?? (READING.has(request.method) ? 'read' : 'write'))
  })
}

/** An identity provider that does not answer refuses nobody. */
function isRefusal(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'unauthorized' || error.code === 'token_expired')
}

/** Access of a request to an address that needs a token. */
export function accessOf(request: FastifyRequest): Access {
  if (!request.access) throw new Error('this address does not ask for a token')
  return request.access
}

/** The token of the Authorization header, or null. */
export function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer (\S{1,8192})$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}
