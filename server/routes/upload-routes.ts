import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Id } from '../../shared/contract/common.ts'
import { CompleteUpload, InitUpload, InitUploadReply, PartReceived, Upload } from '../../shared/contract/uploads.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { StreamedBody } from '../plugins/closed-requests.ts'
import type { UploadService } from '../uploads/upload-service.ts'
import { PROBLEM_REPLIES } from './schemas.ts'
import { uploadOnWire, volumeOnWire } from './wire.ts'

const UploadParams = Type.Object({ uploadId: Id })
const PartParams = Type.Object({ uploadId: Id, partIndex: Type.Integer({ minimum: 0 }) })

/** Uploads in parts: init, part, state, complete, delete. */
export const uploadRoutes: FastifyPluginAsyncTypebox<{ uploads: UploadService }> = async (app, { uploads }) => {
  // Parts are streamed to disk as they come; the service counts the bytes itself.
  app.addContentTypeParser(
    'application/octet-stream',
    (_request: unknown, payload: IncomingMessage, done: (error: null, body: unknown) => void) => done(null, payload),
  )
  app.post(
    '/v1/uploads/init',
    { schema: { body: InitUpload, response: { 200: InitUploadReply, 201: InitUploadReply, ...PROBLEM_REPLIES } } },
    async (request, reply) => {
      const begun = await uploads.init(request.owner, request.body)
      if ('looksKnown' in begun) return reply.code(200).send({ looks_known: true as const })
      if (!('record' in begun)) return reply.code(200).send({ volume: volumeOnWire(begun.volume) })
      return reply.code(201).header('location', `/v1/uploads/${begun.record.uploadId}`).send(uploadOnWire(begun))
    },
  )
  app.get(
    '/v1/uploads/:uploadId',
    { schema: { params: UploadParams, response: { 200: Upload, ...PROBLEM_REPLIES } } },
    async (request) => uploadOnWire(await uploads.get(request.owner, request.params.uploadId)),
  )
  app.put(
    '/v1/uploads/:uploadId/part/:partIndex',
    { schema: { params: PartParams, body: StreamedBody, response: { 200: PartReceived, ...PROBLEM_REPLIES } } },
    async (request) => {
      const { uploadId, partIndex } = request.params
      const { body } = request
      if (!(body instanceof Readable))
        throw new DomainError('media_type_unsupported', {
          mediaType: request.headers['content-type'] ?? 'without a name',
        })
      const lengthText = request.headers['content-length']
      const part = await uploads.receivePart(request.owner, uploadId, {
        partIndex,
        sha256: announcedSha256(request.headers['content-digest']),
        lengthBytes: lengthText === undefined ? null : Number(lengthText),
        body,
      })
      return { upload_id: uploadId, part_index: partIndex, received_bytes: part.sizeBytes, sha256: part.sha256 }
    },
  )
  app.post(
    '/v1/uploads/:uploadId/complete',
    {
      schema: {
        params: UploadParams,
        body: Type.Union([CompleteUpload, Type.Null()]),
        response: { 202: Upload, ...PROBLEM_REPLIES },
      },
    },
    async (request, reply) => {
      const view = await uploads.complete(request.owner, request.params.uploadId, request.body?.sha256)
      return reply.code(202).send(uploadOnWire(view))
    },
  )
  app.delete('/v1/uploads/:uploadId', { schema: { params: UploadParams } }, async (request, reply) => {
    await uploads.delete(request.owner, request.params.uploadId)
    return reply.code(204).send()
  })
}

/** Hex SHA-256 out of `Content-Digest: sha-256=:base64:` (RFC 9530). @throws {DomainError} `upload_digest_missing` */
function announcedSha256(header: string | string[] | undefined): string {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '')
  const found = /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(text)
  if (!found) throw new DomainError('upload_digest_missing')
  return Buffer.from(found[1], 'base64').toString('hex')
}
