import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuditEntry } from '../people/people-repository.ts'

/** A signed link that let a request in. */
export interface UsedLink {
  /** Who got it; null where it does not say. */
  user: string | null
  signature: string
  /** Seconds since 1970. */
  expires: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Written by the route of artifacts only. */
    link: UsedLink | null
  }
}

/** What each request that changes something, or hands out results, is called in the audit log. Parts of uploads are in their upload's line. */
export const AUDITED: Readonly<Record<string, string>> = {
  'POST /v1/uploads/init': 'upload.begin',
  'POST /v1/uploads/:uploadId/complete': 'upload.complete',
  'DELETE /v1/uploads/:uploadId': 'upload.delete',
  'POST /v1/volumes/from-path': 'volume.from_path',
  'PUT /v1/volumes/:volumeId/project': 'volume.share',
  'DELETE /v1/volumes/:volumeId': 'volume.delete',
  'POST /v1/jobs': 'job.create',
  'DELETE /v1/jobs/:jobId': 'job.cancel',
  'POST /v1/jobs/:jobId/pause': 'job.pause',
  'POST /v1/jobs/:jobId/resume': 'job.resume',
  'POST /v1/jobs/:jobId/retry': 'job.retry',
  'POST /v1/jobs/:jobId/postprocess': 'job.postprocess',
  'PUT /v1/jobs/:jobId/project': 'job.share',
  'GET /v1/jobs/:jobId/artifacts': 'job.links',
  'GET /v1/jobs/:jobId/artifacts/:name': 'job.links',
  'GET /v1/files/:jobId/:name': 'job.download',
  'POST /v1/jobs/:jobId/ticket': 'job.ticket',
  'POST /v1/models': 'model.install',
  'DELETE /v1/models/:id': 'model.remove',
  'PUT /v1/models/:id/access': 'model.access',
  'POST /v1/admin/jobs/:jobId/cancel': 'job.cancel_by_admin',
}

/** Tokens that were refused: one line for each address and minute, of this user, for whose they are is not known. */
const REFUSED = { action: 'auth.refused', user: 'unknown' }

export interface AuditNeeds {
  add(entry: AuditEntry): Promise<void>
  newId: () => string
  onError(error: unknown): void
}

/**
 * Writes down who did what, refused tries included, after the answer was sent. A link is written down when it is first
 * used, whatever number of ranges it is read in: with who got it, and from where it was used. Refused tokens are written
 * down once for each address and minute.
 */
export function addAudit(app: FastifyInstance, needs: AuditNeeds): void {
  const used = new UsedLinks()
  app.decorateRequest('link', null)
  app.addHook('onResponse', async (request, reply) => {
    const what = request.isFirstRefused ? { ...REFUSED, tokenId: null, subject: null } : told(request, reply, used)
    if (!what) return
    const entry = { entryId: needs.newId(), time: new Date().toISOString(), ...what }
    await needs.add({ ...entry, status: reply.statusCode, address: request.ip }).catch(needs.onError)
  })
}

function told(request: FastifyRequest, reply: FastifyReply, used: UsedLinks) {
  const action = AUDITED[`${request.method} ${request.routeOptions.url}`]
  const who = action === undefined ? null : whoAsked(request, reply, used)
  return who && action !== undefined ? { ...who, action, subject: subjectOf(request, reply) } : null
}

function whoAsked(request: FastifyRequest, reply: FastifyReply, used: UsedLinks) {
  const { access, link } = request
  if (access) return { user: access.user, tokenId: access.tokenId }
  const isRead = reply.statusCode === 200 || reply.statusCode === 206
  return link?.user && isRead && used.isFirstUse(link) ? { user: link.user, tokenId: null } : null
}

/** Links that were used and still work. */
class UsedLinks {
  private readonly expiries = new Map<string, number>()

  isFirstUse({ signature, expires }: UsedLink): boolean {
    if (this.expiries.has(signature)) return false
    const now = Date.now() / 1000
    // Links live equally long: those that end first were nearly always used first.
    for (const [known, end] of this.expiries) {
      if (end > now) break
      this.expiries.delete(known)
    }
    this.expiries.set(signature, expires)
    return true
  }
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const MODEL = /^[a-z0-9][a-z0-9._-]{0,99}(@[\w.+-]{1,50})?$/

/**
 * The id in the address, or of what was made. A refused try may have anything in its place, the name of a file, too: what
 * cannot be an id is not written down.
 */
function subjectOf(request: FastifyRequest, reply: FastifyReply): string | null {
  const [named] = Object.entries(request.params as Record<string, string>)
  if (named !== undefined) return (named[0] === 'id' ? MODEL : ID).test(named[1]) ? named[1] : null
  const made = reply.getHeader('location')
  return typeof made === 'string' ? (made.split('/').at(-1) ?? null) : null
}
