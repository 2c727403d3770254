import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import websocket from '@fastify/websocket'
import Fastify, {
  type FastifyContextConfig,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { addOriginalProtocol } from './compat/original-protocol.ts'
import type { ServerConfig } from './config.ts'
import type { GpuProbe } from './devices/gpu-inventory.ts'
import type { ArtifactLinks } from './jobs/artifact-links.ts'
import type { JobEvents } from './jobs/job-events.ts'
import type { JobService } from './jobs/job-service.ts'
import type { Postprocessor } from './jobs/postprocessor.ts'
import type { ConnectionBytes } from './metrics/connection-bytes.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import type { ModelInstaller } from './models/model-installer.ts'
import type { ModelRegistry } from './models/model-registry.ts'
import type { OverviewService } from './operation/overview.ts'
import type { PeopleRepository } from './people/people-repository.ts'
import type { Projects } from './people/projects.ts'
import type { TokenService } from './people/token-service.ts'
import { addAudit } from './plugins/audit.ts'
import { addAuth } from './plugins/auth.ts'
import { addBodyDepth } from './plugins/body-depth.ts'
import { addClosedRequests } from './plugins/closed-requests.ts'
import { addConnectionGuard, answerClientError, connectionLimits } from './plugins/connection-guard.ts'
import { addErrorReply, answerFrameworkError } from './plugins/error-reply.ts'
import { addLoopbackGuard } from './plugins/loopback-guard.ts'
import { addMetrics } from './plugins/metrics.ts'
import { addOpenApi } from './plugins/openapi.ts'
import { addRateLimit } from './plugins/rate-limit.ts'
import { RefusedSignIns } from './plugins/refused-sign-ins.ts'
import { addRefusedUpgradeEnd } from './plugins/refused-upgrade.ts'
import { addRequestLog, requestIds } from './plugins/request-log.ts'
import { addStopGuard } from './plugins/stop-guard.ts'
import { renewTls, type TlsSettings, tlsOptions } from './plugins/tls-renewal.ts'
import type { Readiness } from './readiness.ts'
import { estimateRoutes } from './routes/estimate-routes.ts'
import { fileRoutes } from './routes/file-routes.ts'
import { jobRoutes } from './routes/job-routes.ts'
import { liveRoutes } from './routes/live-routes.ts'
import { modelRoutes } from './routes/model-routes.ts'
import { operationRoutes } from './routes/operation-routes.ts'
import { type PageFolders, pageRoutes } from './routes/page-routes.ts'
import { peopleRoutes } from './routes/people-routes.ts'
import { serverRoutes } from './routes/server-routes.ts'
import { uploadRoutes } from './routes/upload-routes.ts'
import { volumeRoutes } from './routes/volume-routes.ts'
import type { UploadService } from './uploads/upload-service.ts'
import type { VolumeService } from './volumes/volume-service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every address that is answered, for checks over all of them. */
    routeList: readonly { method: string; url: string; config: FastifyContextConfig }[]
  }
}

/** What the application is made of. */
export interface AppDeps {
  config: ServerConfig
  version: string
  tokens: TokenService
  people: PeopleRepository
  projects: Projects
  newId: () => string
  uploads: UploadService
  volumes: VolumeService
  models: ModelRegistry
  installer: ModelInstaller
  jobs: JobService
  events: JobEvents
  links: ArtifactLinks
  postprocessor: Postprocessor
  probeGpus: GpuProbe
  metrics: ServerMetrics
  bytes: ConnectionBytes
  readiness: Readiness
  /** Null: plain HTTP. */
  tls: TlsSettings | null
  overview: OverviewService
  /** How often live channels are kept alive and checked, where it is not 25 s. */
  keepaliveMs?: number
  /** Null: no page for operators. */
  pageFolders: PageFolders | null
  logger?: FastifyServerOptions['logger']
}

/** JSON bodies are small: parameters, never voxels. */
const JSON_BODY_BYTES = 1024 * 1024

/** Largest frame a client may send on the live channel; it has nothing to say. */
const CLIENT_FRAME_BYTES = 4096

/** The server as a Fastify application: plugins and routes over given services; nothing is opened here. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const app = Fastify({
    logger: deps.logger ?? false,
    bodyLimit: JSON_BODY_BYTES,
    // Parts of an upload over a slow line take long; a stalled one is ended by the idle timeout of the socket.
    requestTimeout: 0,
    connectionTimeout: 120_000,
    http: connectionLimits(deps.config.slowRequestSeconds),
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIds(deps.config.trustProxy.length > 0),
    trustProxy: deps.config.trustProxy.length > 0 ? deps.config.trustProxy : false,
    // The type of the server behind it changes with this; nothing here depends on it.
    ...({
      https: deps.tls ? { ...connectionLimits(deps.config.slowRequestSeconds), ...tlsOptions(deps.tls.pair) } : null,
    } as object),
  }).withTypeProvider<TypeBoxTypeProvider>()
  const routeList: { method: string; url: string; config: FastifyContextConfig }[] = []
  app.decorate('routeList', routeList)
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const one of [method].flat()) routeList.push({ method: one, url, config: config ?? {} })
  })
  addClosedRequests(app)
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  addErrorReply(app)
  addConnectionGuard(app, deps.config.slowRequestSeconds)
  addBodyDepth(app)
  if (deps.tls) renewTls(app, deps.tls)
  deps.bytes.watch(app.server)
  addRequestLog(app, deps.bytes)
  if (deps.config.isEmbedded) addLoopbackGuard(app)
  const requestsPerMinute = deps.config.isEmbedded ? 0 : deps.config.requestsPerMinute
  addAuth(app, deps.tokens, new RefusedSignIns(requestsPerMinute > 0))
  addStopGuard(app, deps.readiness)
  const onError = (error: unknown) => app.log.error({ err: error }, 'audit entry lost')
  addAudit(app, { add: deps.people.addAudit, newId: deps.newId, onError })
  await addRateLimit(app, requestsPerMinute)
  // Before the plugin's own, which gives no reason.
  app.addHook('preClose', async () => {
    for (const client of app.websocketServer.clients) client.close(1001, 'server stopping')
  })
  addRefusedUpgradeEnd(app)
  await app.register(websocket, { options: { maxPayload: CLIENT_FRAME_BYTES, perMessageDeflate: false } })
  if (!deps.config.isEmbedded) await addOpenApi(app, deps.version)
  if (!deps.config.isEmbedded) addOriginalProtocol(app, deps)
  addMetrics(app, deps.metrics, deps.config.metricsToken)
  await app.register(serverRoutes, deps)
  await app.register(modelRoutes, deps)
  await app.register(uploadRoutes, deps)
  await app.register(volumeRoutes, deps)
  await app.register(jobRoutes, deps)
  await app.register(estimateRoutes, deps)
  await app.register(fileRoutes, deps)
  await app.register(liveRoutes, deps)
  await app.register(peopleRoutes, deps)
  await app.register(operationRoutes, deps)
  if (deps.pageFolders) await app.register(pageRoutes, { folders: deps.pageFolders })
  return app
}
