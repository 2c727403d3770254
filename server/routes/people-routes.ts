import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Id, ShareRequest, UserName } from '../../shared/contract/common.ts'
import { Job } from '../../shared/contract/jobs.ts'
import { type AuditEntry, AuditList, Me, ModelAccess } from '../../shared/contract/people.ts'
import { Volume } from '../../shared/contract/volumes.ts'
import type { JobService } from '../jobs/job-service.ts'
import { type ModelRegistry, splitName } from '../models/model-registry.ts'
import type { AuditEntry as AuditRecord, PeopleRepository } from '../people/people-repository.ts'
import { accessOf } from '../plugins/auth.ts'
import type { VolumeService } from '../volumes/volume-service.ts'
import { DEFAULT_PAGE, PageQuery, PROBLEM_REPLIES, pageOf } from './schemas.ts'
import { volumeOnWire } from './wire.ts'

const AuditQuery = Type.Object(
  { ...PageQuery.properties, user: Type.Optional(UserName) },
  { additionalProperties: false },
)

/** Who one is, what is shared with whom, which groups may use a model, and who did what. */
export const peopleRoutes: FastifyPluginAsyncTypebox<{
  people: PeopleRepository
  jobs: JobService
  volumes: VolumeService
  models: ModelRegistry
}> = async (app, { people, jobs, volumes, models }) => {
  app.get('/v1/me', { schema: { response: { 200: Me, ...PROBLEM_REPLIES } } }, async (request) => {
    const { user, scopes, tokenId, expiresAt } = accessOf(request)
    const groups = await people.groupsOf(user)
    return { user, scopes: [...scopes], groups, token_id: tokenId, expires_at: expiresAt }
  })
  app.put(
    '/v1/volumes/:volumeId/project',
    {
      schema: {
        params: Type.Object({ volumeId: Id }),
        body: ShareRequest,
        response: { 200: Volume, ...PROBLEM_REPLIES },
      },
    },
    async ({ owner, params, body }) => volumeOnWire(await volumes.share(owner, params.volumeId, body.project)),
  )
  app.put(
    '/v1/jobs/:jobId/project',
    {
      schema: { params: Type.Object({ jobId: Id }), body: ShareRequest, response: { 200: Job, ...PROBLEM_REPLIES } },
    },
    async ({ owner, params, body }) => jobs.share(owner, params.jobId, body.project),
  )
  const modelParams = Type.Object({ id: Type.String({ maxLength: 200 }) })
  app.get(
    '/v1/models/:id/access',
    { config: { scope: 'admin' }, schema: { params: modelParams, response: { 200: ModelAccess, ...PROBLEM_REPLIES } } },
    async ({ params }) => ({ groups: await people.groupsOfModel(models.get(params.id).manifest.id) }),
  )
  app.put(
    '/v1/models/:id/access',
    {
      config: { scope: 'admin' },
      schema: { params: modelParams, body: ModelAccess, response: { 200: ModelAccess, ...PROBLEM_REPLIES } },
    },
    async ({ params, body }) => {
      const { id } = models.get(splitName(params.id).id).manifest
      await people.replaceGroupsOfModel(id, body.groups)
      return { groups: await people.groupsOfModel(id) }
    },
  )
  app.get(
    '/v1/admin/audit',
    {
      config: { scope: 'admin' },
      schema: { querystring: AuditQuery, response: { 200: AuditList, ...PROBLEM_REPLIES } },
    },
    async ({ query }) => {
      const limit = query.limit ?? DEFAULT_PAGE
      const found = await people.listAudit({
        user: query.user ?? null,
        limit: limit + 1,
        before: query.cursor ?? null,
      })
      const { page, next } = pageOf(found, limit, (entry) => entry.entryId)
      return { entries: page.map(entryOnWire), next_cursor: next }
    },
  )
}

function entryOnWire({ entryId, tokenId, ...entry }: AuditRecord): AuditEntry {
  return { entry_id: entryId, token_id: tokenId, ...entry }
}
