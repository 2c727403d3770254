import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { EstimateRequest, JobEstimate } from '../../shared/contract/estimate.ts'
import { JobEstimator } from '../jobs/job-estimator.ts'
import type { JobService } from '../jobs/job-service.ts'
import { PROBLEM_REPLIES } from './schemas.ts'

/** `POST /v1/jobs/estimate` says what a job would take; nothing is queued. */
export const estimateRoutes: FastifyPluginAsyncTypebox<{ jobs: JobService }> = async (app, { jobs }) => {
  const estimator = new JobEstimator(jobs)
  app.post(
    '/v1/jobs/estimate',
    {
      config: { scope: 'read' },
      schema: { body: EstimateRequest, response: { 200: JobEstimate, ...PROBLEM_REPLIES } },
    },
    async (request) => estimator.estimate(request.owner, request.body),
  )
}
