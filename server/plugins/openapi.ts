import { STATUS_CODES } from 'node:http'
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../../shared/contract/common.ts'
import { NoFields } from './closed-requests.ts'
import { SHARED_SCHEMAS } from './openapi-components.ts'
import { ROUTE_DOCS, type RouteDoc } from './route-docs.ts'
import { withReferences } from './schema-references.ts'

/** The page takes everything from this server and nothing from elsewhere; no script in the page itself. */
const PAGE_POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  // One style sheet that Swagger UI puts into the page, by its hash.
  'style-src': ["'self'", "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
}

const TAGS = [
  { name: 'Server', description: 'Health, facts and figures of the server.' },
  { name: 'Administration', description: 'For tokens with the scope `admin`.' },
  { name: 'Uploads', description: 'Files in parts, each checked by SHA-256, continued after any loss.' },
  { name: 'Volumes', description: 'Checked files that jobs can use.' },
  { name: 'Models', description: 'What can be segmented with.' },
  { name: 'Jobs', description: 'Segmentation runs and what they leave.' },
  { name: 'Live', description: 'Progress and previews while a job runs.' },
  { name: 'Files', description: 'Downloads by signed links.' },
  { name: 'Compatibility', description: 'Addresses of the original CryoMamba protocol.' },
]

/**
 * Describes all routes that are registered after it: `GET /v1/openapi.json` (OpenAPI 3.1, made from the routes' schemas)
 * and a page at `/docs`. Both need no token and show no data.
 */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'CryoMamba',
        version,
        summary: 'Segments large cryo-EM volumes.',
        description: 'Errors are problem+json (RFC 9457) with `code`, `message`, `hint` and `retryable`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: TAGS,
      components: {
        schemas: { ...SHARED_SCHEMAS },
        securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      },
    },
    transform: describeRoute,
    transformObject: (document) =>
      withReferences('openapiObject' in document ? document.openapiObject : {}, Object.keys(SHARED_SCHEMAS)),
  } satisfies FastifyDynamicSwaggerOptions)
  await app.register(async (page) => {
    page.addHook('onRoute', (route) => {
      route.config = { ...route.config, isOpen: true }
    })
    await page.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: PAGE_POLICY,
      uiConfig: { docExpansion: 'none', persistAuthorization: false },
      theme: { title: 'CryoMamba' },
    })
  })
  app.get(
    '/v1/openapi.json',
    {
      config: { isOpen: true },
      schema: { response: { 200: Type.Object({ openapi: Type.String() }, { additionalProperties: true }) } },
    },
    async () => app.swagger() as unknown as { openapi: string },
  )
}

const describeRoute: NonNullable<FastifyDynamicSwaggerOptions['transform']> = ({ schema, url, route }) => {
  const method = Array.isArray(route.method) ? route.method[0] : route.method
  const pattern = url.replace(/:(\w+)/g, '{$1}')
  const doc = ROUTE_DOCS[`${method} ${pattern}`]
  // The plugin of the live channel hides its routes; what has a text here is shown.
  const isPage = !url.startsWith('/v1/') && !doc
  const hide = method === 'HEAD' || isPage || (schema?.hide === true && !doc)
  const scope = route.config?.scope ?? (method === 'GET' ? 'read' : 'write')
  const { body, ...rest } = schema ?? {}
  const shown = body === undefined || body === NoFields ? rest : { ...rest, body }
  return { url, schema: { ...documented(shown, doc, `${method} ${pattern}`, scope), hide } }
}

/** The schema as the document shows it; the routes keep their own. */
function documented(schema: FastifySchema, doc: RouteDoc | undefined, route: string, scope: string): FastifySchema {
  const replies = Object.entries(doc?.replies ?? {}).map(([status, { type, description }]) => [
    status,
    type === null
      ? { type: 'null', description }
      : { description, content: { [type]: { schema: { type: 'string' } } } },
  ])
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: Problem } },
  })
  return {
    ...schema,
    ...(doc ? { summary: doc.summary, tags: [doc.tag] } : {}),
    ...(doc?.description ? { description: doc.description } : {}),
    operationId: operationId(route),
    security: doc?.isOpen ? [] : [{ token: [scope] }],
    ...(doc?.streams ? { body: { content: { [doc.streams]: { schema: { type: 'string', format: 'binary' } } } } } : {}),
    ...(doc?.headers ? { headers: headersOf(doc.headers) } : {}),
    response: {
      ...ownReplies(schema.response),
      ...Object.fromEntries(replies),
      '4xx': problem('The request is refused; `code` says why.'),
      '5xx': problem('The server cannot do it now; `retryable` says whether to try again.'),
    },
  } as FastifySchema
}

function headersOf(headers: Record<string, string>) {
  const properties = Object.entries(headers).map(([name, description]) => [name, { type: 'string', description }])
  return { type: 'object', properties: Object.fromEntries(properties), required: Object.keys(headers) }
}

/** Replies of a route's own, with the usual words for their status. */
function ownReplies(response: unknown): Record<string, unknown> {
  const own = Object.entries((response ?? {}) as Record<string, object>).filter(([status]) => !/^[45]/.test(status))
  return Object.fromEntries(
    own.map(([status, schema]) => [status, { ...schema, 'x-response-description': `${STATUS_CODES[status]}.` }]),
  )
}

/** `GET /v1/jobs/{jobId}` → `get_jobs_jobId`. */
function operationId(route: string): string {
  const [method, pattern] = route.split(' ')
  const words = pattern.replace(/^\/v1/, '').match(/\w+/g) ?? []
  return [method.toLowerCase(), ...words].join('_')
}
