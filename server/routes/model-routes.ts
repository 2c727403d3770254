import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ModelList, ModelSummary } from '../../shared/contract/models.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ModelPackage } from '../models/load-package.ts'
import type { ModelInstaller } from '../models/model-installer.ts'
import { exactName, type ModelRegistry, splitName, summariseModel } from '../models/model-registry.ts'
import type { Projects } from '../people/projects.ts'
import { StreamedBody } from '../plugins/closed-requests.ts'
import { PROBLEM_REPLIES } from './schemas.ts'

/** `id`, or `id@version`. */
const ModelParams = Type.Object({ id: Type.String({ maxLength: 200 }) })

const VersionQuery = Type.Object(
  { version: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })) },
  { additionalProperties: false },
)

/** Models: every version there is, one of them, a package in, an uploaded one out. */
export const modelRoutes: FastifyPluginAsyncTypebox<{
  models: ModelRegistry
  installer: ModelInstaller
  projects: Projects
}> = async (app, { models, installer, projects }) => {
  const allowed = async (user: string, all: ModelPackage[]) => {
    const isAllowed = await Promise.all(all.map(({ manifest }) => projects.mayUseModel(user, manifest.id)))
    return all.filter((_, index) => isAllowed[index])
  }
  // An archive is streamed to disk as it comes; the installer counts the bytes itself.
  app.addContentTypeParser(
    'application/zip',
    (_request: unknown, payload: IncomingMessage, done: (error: null, body: unknown) => void) => done(null, payload),
  )
  app.get('/v1/models', { schema: { response: { 200: ModelList, ...PROBLEM_REPLIES } } }, async ({ owner }) => ({
    models: (await allowed(owner, models.list())).map(summariseModel),
  }))
  app.get(
    '/v1/models/:id',
    { schema: { params: ModelParams, querystring: VersionQuery, response: { 200: ModelSummary, ...PROBLEM_REPLIES } } },
    async ({ owner, params: { id }, query: { version } }) => {
      const found = models.get(version === undefined ? id : exactName(id, version))
      if (!(await projects.mayUseModel(owner, found.manifest.id)))
        throw new DomainError('model_not_found', { model: id })
      return summariseModel(found)
    },
  )
  app.post(
    '/v1/models',
    {
      config: { scope: 'admin' },
      schema: { body: StreamedBody, response: { 200: ModelSummary, 201: ModelSummary, ...PROBLEM_REPLIES } },
    },
    async (request, reply) => {
      const { body, headers, raw } = request
      if (!(body instanceof Readable))
        throw new DomainError('media_type_unsupported', { mediaType: headers['content-type'] ?? 'without a name' })
      // While the network is tried nothing travels; the trial has a limit of its own.
      // An injected request has no socket with a clock.
      raw.once('end', () => raw.socket.setTimeout?.(0))
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const length = headers['content-length'] === undefined ? null : Number(headers['content-length'])
      const { model, isNew } = await installer.install(body, length, left.signal)
      const { id, version } = model.manifest
      return reply
        .code(isNew ? 201 : 200)
        .header('location', `/v1/models/${exactName(id, version)}`)
        .send(summariseModel(model))
    },
  )
  app.delete(
    '/v1/models/:id',
    { config: { scope: 'admin' }, schema: { params: ModelParams, querystring: VersionQuery } },
    async (request, reply) => {
      const { id, version } = splitName(request.params.id)
      await installer.remove(id, request.query.version ?? version)
      return reply.code(204).send()
    },
  )
}
