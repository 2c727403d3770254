import type { FastifyInstance } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'

/**
 * Guards a server on the loopback address against web pages: the Host must be the loopback (DNS rebinding), and a request
 * with an Origin comes from a page, which has no business here.
 */
export function addLoopbackGuard(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { host, origin } = request.headers
    const name = host?.replace(/:\d+$/, '') ?? ''
    if (name !== '127.0.0.1' && name !== 'localhost')
      throw new DomainError('forbidden_origin', { origin: `host ${name}` })
    if (origin !== undefined) throw new DomainError('forbidden_origin', { origin })
  })
}
