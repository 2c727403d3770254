import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Id } from '../../shared/contract/common.ts'
import { JobStatus, Overview } from '../../shared/contract/operation.ts'
import type { OverviewService } from '../operation/overview.ts'
import { PROBLEM_REPLIES } from './schemas.ts'

/** What administrators see and do beside their own work: everything that goes on, and canceling anybody's job. */
export const operationRoutes: FastifyPluginAsyncTypebox<{ overview: OverviewService }> = async (app, { overview }) => {
  app.get(
    '/v1/admin/overview',
    { config: { scope: 'admin' }, schema: { response: { 200: Overview, ...PROBLEM_REPLIES } } },
    async () => overview.overview(),
  )
  app.post(
    '/v1/admin/jobs/:jobId/cancel',
    {
      config: { scope: 'admin' },
      schema: { params: Type.Object({ jobId: Id }), response: { 200: JobStatus, ...PROBLEM_REPLIES } },
    },
    async ({ params }) => overview.cancel(params.jobId),
  )
}
