import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ModelList, ModelSummary } from '../../shared/contract/models.ts'
import { type ModelRegistry, summariseModel } from '../models/model-registry.ts'
import { PROBLEM_REPLIES } from './schemas.ts'

/** `GET /v1/models` and `GET /v1/models/{id}`. */
export const modelRoutes: FastifyPluginAsyncTypebox<{ models: ModelRegistry }> = async (app, { models }) => {
  app.get('/v1/models', { schema: { response: { 200: ModelList, ...PROBLEM_REPLIES } } }, async () => ({
    models: models.list().map(summariseModel),
  }))
  app.get(
    '/v1/models/:id',
    {
      schema: {
        params: Type.Object({ id: Type.String({ maxLength: 200 }) }),
        response: { 200: ModelSummary, ...PROBLEM_REPLIES },
      },
    },
    async (request) => summariseModel(models.get(request.params.id)),
  )
}
