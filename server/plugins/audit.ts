import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuditEntry } from '../people/people-repository.ts'

/** What each request that changes something is called in the audit log. Parts of uploads are in their upload's line. */
export const AUDITED: Readonly<Record<string, string>> = {
  'POST /v1/uploads/init': 'upload.begin',
  'POST /v1/uploads/:uploadId/complete': 'upload.complete',
  'DELETE /v1/uploads/:uploadId': 'upload.delete',
  'POST /v1/volumes/from-path': 'volume.from_path',
  'PUT /v1/volumes/:volumeId/project': 'volume.share',
  'DELETE /v1/volumes/:volumeId': 'volume.delete',
  'POST /v1/jobs': 'job.create',
  'DELETE /v1/jobs/:jobId': 'job.cancel',
  'POST /v1/jobs/:jobId/retry': 'job.retry',
  'POST /v1/jobs/:jobId/postprocess': 'job.postprocess',
  'PUT /v1/jobs/:jobId/project': 'job.share',
  'GET /v1/jobs/:jobId/artifacts': 'job.links',
  'POST /v1/jobs/:jobId/ticket': 'job.ticket',
  'POST /v1/models': 'model.install',
  'DELETE /v1/models/:id': 'model.remove',
  'PUT /v1/models/:id/access': 'model.access',
  'POST /v1/admin/jobs/:jobId/cancel': 'job.cancel_by_admin',
}

export interface AuditNeeds {
  add(entry: AuditEntry): Promise<void>
  newId: () => string
  onError(error: unknown): void
}

/** Writes down who did what, refused tries included, after the answer was sent. */
export function addAudit(app: FastifyInstance, needs: AuditNeeds): void {
  app.addHook('onResponse', async (request, reply) => {
    const action = AUDITED[`${request.method} ${request.routeOptions.url}`]
    if (action === undefined || !request.access) return
    const { user, tokenId } = request.access
    const entryId = needs.newId()
    const time = new Date().toISOString()
    const entry = { entryId, time, user, tokenId, action, subject: subjectOf(request, reply) }
    await needs.add({ ...entry, status: reply.statusCode, address: request.ip }).catch(needs.onError)
  })
}

/** The id in the address, or of what was made. */
function subjectOf(request: FastifyRequest, reply: FastifyReply): string | null {
  const named = Object.values(request.params as Record<string, string>)[0]
  if (named !== undefined) return named
  const made = reply.getHeader('location')
  return typeof made === 'string' ? (made.split('/').at(-1) ?? null) : null
}
