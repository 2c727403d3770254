import type { FastifyInstance, RouteOptions } from 'fastify'
import { Type } from 'typebox'
import { closed } from '../../shared/contract/common.ts'

/** A body that says nothing: none, null, or an object without fields. */
export const NoFields = Type.Union([Type.Object({}, closed), Type.Null()])

/** A body that is streamed as it comes; the route itself looks at what it is. */
export const StreamedBody = Type.Unknown()

const NoQuery = Type.Object({}, closed)

/** Monitors and browsers add parameters of their own to these, mostly to get round caches. */
const ANY_QUERY = /^\/($|docs|operator\/|metrics$|v1\/healthz$|v1\/readyz$|v1\/openapi\.json$)/

const WITH_BODY = new Set(['POST', 'PUT', 'DELETE'])

/** Gives routes that say nothing of a body or a query closed ones, so that there, too, unknown fields are refused by name. */
export function addClosedRequests(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = { ...queryOf(route), ...bodyOf(route), ...route.schema }
  })
  // Some programs name a type for the body that they do not send.
  app.addHook('preValidation', async (request) => {
    const isStreamed = request.routeOptions.schema?.body === StreamedBody
    const isEmpty = request.body === '' || request.headers['content-length'] === '0'
    if (isEmpty && !isStreamed) request.body = null
  })
}

function queryOf({ url }: RouteOptions) {
  return ANY_QUERY.test(url) ? {} : { querystring: NoQuery }
}

function bodyOf({ method }: RouteOptions) {
  return [method].flat().some((one) => WITH_BODY.has(one)) ? { body: NoFields } : {}
}
