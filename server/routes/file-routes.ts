import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { closed, Id } from '../../shared/contract/common.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ArtifactLinks } from '../jobs/artifact-links.ts'
import type { JobService } from '../jobs/job-service.ts'
import { parseRange } from './byte-range.ts'

const FileParams = Type.Object({ jobId: Id, name: Type.String({ pattern: '^[a-z0-9][a-z0-9_.]{0,63}$' }) })
const FileQuery = Type.Object(
  {
    expires: Type.Integer({ minimum: 0 }),
    key: Type.String({ maxLength: 20 }),
    content: Type.String({ maxLength: 64 }),
    holder: Type.Optional(Type.String({ maxLength: 1000 })),
    signature: Type.String({ maxLength: 100 }),
  },
  closed,
)

/** `GET /v1/files/{job}/{artifact}`: signed downloads with Range and ETag; the signature is the permission. */
export const fileRoutes: FastifyPluginAsyncTypebox<{ jobs: JobService; links: ArtifactLinks }> = async (
  app,
  { jobs, links },
) => {
  app.get(
    '/v1/files/:jobId/:name',
    { schema: { params: FileParams, querystring: FileQuery } },
    async (request, reply) => {
      const { jobId, name } = request.params
      const user = links.check(jobId, name, request.query)
      const { file, artifact } = await jobs.artifactFile(jobId, name)
      links.checkContent(request.query, artifact.sha256)
      const sizeBytes = await stat(file).then(
        ({ size }) => size,
        () => null,
      )
      if (sizeBytes !== artifact.sizeBytes) throw new DomainError('artifact_not_found', { name })
      request.link = { user, signature: request.query.signature, expires: request.query.expires }
      const etag = `"${artifact.sha256}"`
      reply
        .header('etag', etag)
        .header('accept-ranges', 'bytes')
        .header('cache-control', 'private, no-store')
        .type(artifact.mediaType)
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      const isCurrent = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
      const range = isCurrent ? parseRange(request.headers.range, artifact.sizeBytes) : null
      // The framework reads a stream to its end before it leaves it out of the answer.
      const bytes = (part = {}) => (request.method === 'HEAD' ? Readable.from([]) : createReadStream(file, part))
      if (!range) return reply.header('content-length', artifact.sizeBytes).send(bytes())
      reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${artifact.sizeBytes}`)
      return reply
        .header('content-length', range.last - range.first + 1)
        .send(bytes({ start: range.first, end: range.last }))
    },
  )
}
