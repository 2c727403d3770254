import Schema from 'typebox/schema'
import type { Exchange } from './recording-proxy.ts'

interface MediaReply {
  description: string
  content?: Record<string, { schema?: object }>
}

export interface Operation {
  summary?: string
  tags?: string[]
  security?: object[]
  parameters?: { name: string; in: string; required?: boolean; description?: string }[]
  responses: Record<string, MediaReply>
}

export interface ApiDocument {
  openapi: string
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

/** Every operation of the document as `GET /v1/jobs/{jobId}`. */
export function operationsOf(document: ApiDocument): [name: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
}

/** Name of the operation that an exchange belongs to, or undefined. Paths without a parameter come first. */
export function operationOf(document: ApiDocument, { method, path }: Exchange): string | undefined {
  const names = operationsOf(document).map(([name]) => name)
  const pattern = (name: string) => new RegExp(`^${name.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`)
  return names
    .filter((name) => pattern(name).test(`${method} ${path}`))
    .sort((a, b) => a.split('{').length - b.split('{').length)[0]
}

/** What is wrong with an exchange by the document; null where nothing is. */
export function complaintOf(document: ApiDocument, exchange: Exchange): string | null {
  const name = operationOf(document, exchange)
  const shown = `${exchange.method} ${exchange.path} → ${exchange.status}`
  if (name === undefined) return `${shown}: not documented`
  const responses = operationsOf(document).find(([one]) => one === name)?.[1].responses ?? {}
  const reply = responses[exchange.status] ?? responses[`${String(exchange.status)[0]}XX`]
  if (!reply) return `${shown}: the status is not documented`
  if (!reply.content) return exchange.body.length === 0 ? null : `${shown}: a body where none is documented`
  if (!exchange.contentType) return `${shown}: no media type`
  const media = reply.content[exchange.contentType] ?? reply.content['application/octet-stream']
  if (!media) return `${shown}: ${exchange.contentType} is not documented`
  if (!/json$/.test(exchange.contentType) || exchange.contentType === 'application/octet-stream') return null
  if (!reply.content[exchange.contentType]) return null
  const check = Schema.Compile({ ...media.schema, components: document.components })
  const [isValid, errors] = check.Errors(JSON.parse(exchange.body.toString('utf8')))
  return isValid ? null : `${shown}: ${JSON.stringify(errors[0])}`
}
