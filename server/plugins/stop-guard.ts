import type { FastifyInstance } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { Readiness } from '../readiness.ts'

/** Reading and deleting go on to the last moment. */
const STILL_TAKEN = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE'])

/** A service manager has the next server up by then. */
const RETRY_SECONDS = 30

/** Refuses new work while the server stops; what is under way goes on. */
export function addStopGuard(app: FastifyInstance, readiness: Readiness): void {
  app.addHook('onRequest', async (request) => {
    if (!readiness.isStopping || STILL_TAKEN.has(request.method)) return
    throw new DomainError('server_stopping', { retryAfterSeconds: RETRY_SECONDS })
  })
}
