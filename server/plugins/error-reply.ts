import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Problem } from '../../shared/contract/common.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { PROBLEMS } from '../../shared/errors/problems.ts'

/** Turns every error into problem+json and logs it once. */
export function addErrorReply(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const schema = request.routeOptions.schema?.[error.validationContext as 'body']
    return sendProblem(toDomainError(error, schema), error, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const error = new DomainError('route_not_found', { method: request.method, path: request.url.split('?')[0] })
    return sendProblem(error, error, request, reply)
  })
}

/** Answers requests that the framework refuses before any route or hook, such as an address that cannot be decoded. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const reason = 'its address cannot be read'
  sendProblem(new DomainError('request_invalid', { reason, cause: error }), error, request, reply)
}

function sendProblem(problem: DomainError, original: Error, request: FastifyRequest, reply: FastifyReply) {
  if (problem.status >= 500 && problem.code === 'internal') request.log.error({ err: original }, 'request failed')
  else request.log.info({ code: problem.code, reason: problem.details.logReason }, 'request refused')
  if (typeof problem.details.retryAfterSeconds === 'number')
    reply.header('retry-after', problem.details.retryAfterSeconds)
  // What is left of a refused body is not read: the connection ends with the reply.
  if (!request.raw.complete) reply.header('connection', 'close')
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(problem, request.id)))
}

/** The body of RFC 9457 with our envelope as extension members. */
export function problemOf(problem: DomainError, requestId: string): Problem {
  return {
    type: `/problems/${problem.code}`,
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    detail: problem.message,
    instance: `/requests/${requestId}`,
    ...problem.toEnvelope(),
    request_id: requestId,
  }
}

/** Errors of the framework that are the sender's fault, by its code; the rest is `internal`. */
function toDomainError(error: FastifyError, schema: unknown): DomainError {
  if (error instanceof DomainError) return error
  if (error.validation)
    return new DomainError('request_invalid', { reason: validationReason(error, schema), cause: error })
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new DomainError('payload_too_large', { limitBytes: 'the allowed number of', cause: error })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new DomainError('media_type_unsupported', {
        mediaType: error.message.split(': ')[1] ?? 'sent',
        cause: error,
      })
    default:
      if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
        return new DomainError('request_invalid', { reason: 'it cannot be read', cause: error })
      }
      return new DomainError('internal', { cause: error })
  }
}

function validationReason(error: FastifyError, schema: unknown): string {
  const [first] = error.validation ?? []
  const keys = (first?.instancePath ?? '').split('/').slice(1)
  const part = error.validationContext ?? 'request'
  const place = [part, ...keys].join('.')
  // A closed schema has `false` for whatever it does not know.
  if (first?.keyword === 'boolean')
    return `${[part, ...keys.slice(0, -1)].join('.')} has the unknown field ${keys.at(-1)}`
  return `${place} ${first?.message ?? 'is not valid'}${allowedRange(schema, first?.instancePath ?? '')}`
}

/** Both ends of what a number may be, as its schema says: a message of the validator names only the end it met. */
function allowedRange(schema: unknown, instancePath: string): string {
  type Node = { properties?: Record<string, Node>; items?: Node | Node[] } & Record<string, unknown>
  let node = schema as Node | undefined
  for (const key of instancePath.split('/').slice(1)) {
    const items = Array.isArray(node?.items) ? node.items[Number(key)] : node?.items
    node = node?.properties?.[key] ?? items
  }
  const ends = [
    ['above', node?.exclusiveMinimum],
    ['from', node?.minimum],
    ['below', node?.exclusiveMaximum],
    ['to', node?.maximum],
  ].flatMap(([word, value]) => (typeof value === 'number' ? [`${word} ${value}`] : []))
  return ends.length > 0 ? ` (allowed: ${ends.join(' ')})` : ''
}
