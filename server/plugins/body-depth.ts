import type { FastifyInstance } from 'fastify'
import { DomainError } from '../../shared/errors/domain-error.ts'

/** Deeper than any body of ours; code that walks a body by calling itself must not run out of stack. */
const MOST_LEVELS = 32

/** Refuses JSON bodies that are nested too deeply, before anything else looks at them. */
export function addBodyDepth(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ body, headers }) => {
    if (!headers['content-type']?.startsWith('application/json')) return
    if (isDeeper(body, MOST_LEVELS))
      throw new DomainError('request_invalid', { reason: `body is nested more than ${MOST_LEVELS} levels deep` })
  })
}

/** Level by level, so that the depth of the body costs no stack. */
function isDeeper(body: unknown, mostLevels: number): boolean {
  let level = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > mostLevels) return true
    level = level.flatMap((value) => (value !== null && typeof value === 'object' ? Object.values(value) : []))
  }
  return false
}
