import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Id } from '../../shared/contract/common.ts'
import { Volume, VolumeFromPath, VolumeList } from '../../shared/contract/volumes.ts'
import { mayTakeLong } from '../plugins/long-request.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { DEFAULT_PAGE, PageQuery, PROBLEM_REPLIES, pageOf } from './schemas.ts'
import { volumeOnWire } from './wire.ts'

const VolumeParams = Type.Object({ volumeId: Id })

/** `GET /v1/volumes[/{id}]`, `DELETE /v1/volumes/{id}`, `POST /v1/volumes/from-path`. */
export const volumeRoutes: FastifyPluginAsyncTypebox<{ volumes: VolumeService }> = async (app, { volumes }) => {
  app.get(
    '/v1/volumes',
    { schema: { querystring: PageQuery, response: { 200: VolumeList, ...PROBLEM_REPLIES } } },
    async (request) => {
      const limit = request.query.limit ?? DEFAULT_PAGE
      const found = await volumes.list(request.owner, limit + 1, request.query.cursor ?? null)
      const { page, next } = pageOf(found, limit, (record) => record.volumeId)
      return { volumes: page.map(volumeOnWire), next_cursor: next }
    },
  )
  app.get(
    '/v1/volumes/:volumeId',
    { schema: { params: VolumeParams, response: { 200: Volume, ...PROBLEM_REPLIES } } },
    async (request) => volumeOnWire(await volumes.get(request.owner, request.params.volumeId)),
  )
  app.delete('/v1/volumes/:volumeId', { schema: { params: VolumeParams } }, async (request, reply) => {
    await volumes.delete(request.owner, request.params.volumeId)
    return reply.code(204).send()
  })
  app.post(
    '/v1/volumes/from-path',
    { preHandler: mayTakeLong, schema: { body: VolumeFromPath, response: { 201: Volume, ...PROBLEM_REPLIES } } },
    async (request, reply) => {
      const volume = await volumes.fromPath(request.owner, request.body.path)
      return reply.code(201).header('location', `/v1/volumes/${volume.volumeId}`).send(volumeOnWire(volume))
    },
  )
}
