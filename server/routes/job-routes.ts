import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Id } from '../../shared/contract/common.ts'
import {
  type Artifact,
  ArtifactList,
  CreateJob,
  Job,
  JobList,
  JobState,
  Postprocessed,
  PostprocessRequest,
} from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { WrittenArtifact } from '../inference/messages.ts'
import type { ArtifactLinks } from '../jobs/artifact-links.ts'
import type { JobService } from '../jobs/job-service.ts'
import { isFinished } from '../jobs/job-state.ts'
import type { Postprocessor } from '../jobs/postprocessor.ts'
import { mayTakeLong } from '../plugins/long-request.ts'
import { DEFAULT_PAGE, PageQuery, PROBLEM_REPLIES, pageOf } from './schemas.ts'

const JobParams = Type.Object({ jobId: Id })

/** `state` takes one state, several separated by commas, `active` or `finished`. */
const JobQuery = Type.Object(
  { ...PageQuery.properties, state: Type.Optional(Type.String({ maxLength: 100 })) },
  { additionalProperties: false },
)

/** @throws {DomainError} `request_invalid` */
function statesOf(text: string | undefined): JobState[] {
  if (text === undefined) return []
  const all = JobState.anyOf.map((one) => one.const)
  if (text === 'active') return all.filter((state) => !isFinished(state))
  if (text === 'finished') return all.filter(isFinished)
  return text.split(',').map((name) => {
    const wanted = name === 'cancelled' ? 'canceled' : name
    const state = all.find((one) => one === wanted)
    if (!state) throw new DomainError('request_invalid', { reason: `state ${name} is none of ${all.join(', ')}` })
    return state
  })
}

function mostPriorityOf(request: FastifyRequest): number {
  return request.access?.scopes.includes('admin') ? 10 : 0
}

/** Jobs: queue, look, cancel, pause, resume, retry, and the links of what they left. */
export const jobRoutes: FastifyPluginAsyncTypebox<{
  jobs: JobService
  postprocessor: Postprocessor
  links: ArtifactLinks
}> = async (app, { jobs, postprocessor, links }) => {
  app.post(
    '/v1/jobs',
    { schema: { body: CreateJob, response: { 202: Job, ...PROBLEM_REPLIES } } },
    async (request, reply) => {
      const job = await jobs.enqueue(request.owner, request.body, mostPriorityOf(request))
      return reply.code(202).header('location', `/v1/jobs/${job.job_id}`).send(job)
    },
  )
  app.get(
    '/v1/jobs',
    { schema: { querystring: JobQuery, response: { 200: JobList, ...PROBLEM_REPLIES } } },
    async (request) => {
      const limit = request.query.limit ?? DEFAULT_PAGE
      const { cursor = null, state } = request.query
      const found = await jobs.list(request.owner, { limit: limit + 1, before: cursor, states: statesOf(state) })
      const { page, next } = pageOf(found, limit, (job) => job.job_id)
      return { jobs: page, next_cursor: next }
    },
  )
  app.get(
    '/v1/jobs/:jobId',
    { schema: { params: JobParams, response: { 200: Job, ...PROBLEM_REPLIES } } },
    async (request) => jobs.get(request.owner, request.params.jobId),
  )
  app.delete(
    '/v1/jobs/:jobId',
    { schema: { params: JobParams, response: { 200: Job, ...PROBLEM_REPLIES } } },
    async (request) => jobs.cancel(request.owner, request.params.jobId),
  )
  app.post(
    '/v1/jobs/:jobId/pause',
    { schema: { params: JobParams, response: { 202: Job, ...PROBLEM_REPLIES } } },
    async (request, reply) => reply.code(202).send(await jobs.pause(request.owner, request.params.jobId)),
  )
  app.post(
    '/v1/jobs/:jobId/resume',
    { schema: { params: JobParams, response: { 202: Job, ...PROBLEM_REPLIES } } },
    async (request, reply) => reply.code(202).send(await jobs.resume(request.owner, request.params.jobId)),
  )
  app.post(
    '/v1/jobs/:jobId/retry',
    { schema: { params: JobParams, response: { 202: Job, ...PROBLEM_REPLIES } } },
    async (request, reply) => reply.code(202).send(await jobs.retry(request.owner, request.params.jobId)),
  )
  app.get(
    '/v1/jobs/:jobId/artifacts',
    { schema: { params: JobParams, response: { 200: ArtifactList, ...PROBLEM_REPLIES } } },
    async (request) => {
      const { jobId } = request.params
      const found = await jobs.artifacts(request.owner, jobId)
      return {
        artifacts: found.map((artifact) => linked(links, jobId, artifact, request.owner)),
      }
    },
  )
  app.post(
    '/v1/jobs/:jobId/postprocess',
    {
      preHandler: mayTakeLong,
      schema: { params: JobParams, body: PostprocessRequest, response: { 200: Postprocessed, ...PROBLEM_REPLIES } },
    },
    async (request) => {
      const { jobId } = request.params
      const { labels, maskSha256, artifacts } = await postprocessor.make(request.owner, jobId, request.body)
      const files = artifacts.map((artifact) => linked(links, jobId, artifact, request.owner))
      return { params: request.body, labels, mask_sha256: maskSha256, artifacts: files }
    },
  )
}

function linked(links: ArtifactLinks, jobId: string, artifact: WrittenArtifact, user: string): Artifact {
  const { url, expiresAt } = links.make(jobId, artifact, user)
  const { name, mediaType, sizeBytes, sha256, warnings } = artifact
  return { name, url, expires_at: expiresAt, media_type: mediaType, size_bytes: sizeBytes, sha256, warnings }
}
