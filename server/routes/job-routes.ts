import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Id } from '../../shared/contract/common.ts'
import { ArtifactList, CreateJob, Job, JobList } from '../../shared/contract/jobs.ts'
import type { ArtifactLinks } from '../jobs/artifact-links.ts'
import type { JobService } from '../jobs/job-service.ts'
import { DEFAULT_PAGE, PageQuery, PROBLEM_REPLIES, pageOf } from './schemas.ts'

const JobParams = Type.Object({ jobId: Id })

/** Jobs: queue, look, cancel, retry, and the links of what they left. */
export const jobRoutes: FastifyPluginAsyncTypebox<{ jobs: JobService; links: ArtifactLinks }> = async (
  app,
  { jobs, links },
) => {
  app.post(
    '/v1/jobs',
    { schema: { body: CreateJob, response: { 202: Job, ...PROBLEM_REPLIES } } },
    async (request, reply) => {
      const job = await jobs.enqueue(request.owner, request.body)
      return reply.code(202).header('location', `/v1/jobs/${job.job_id}`).send(job)
    },
  )
  app.get(
    '/v1/jobs',
    { schema: { querystring: PageQuery, response: { 200: JobList, ...PROBLEM_REPLIES } } },
    async (request) => {
      const limit = request.query.limit ?? DEFAULT_PAGE
      const found = await jobs.list(request.owner, limit + 1, request.query.cursor ?? null)
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
        artifacts: found.map((artifact) => {
          const { url, expiresAt } = links.make(jobId, artifact.name)
          const { name, mediaType, sizeBytes, sha256, warnings } = artifact
          return { name, url, expires_at: expiresAt, media_type: mediaType, size_bytes: sizeBytes, sha256, warnings }
        }),
      }
    },
  )
}
