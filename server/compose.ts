import { statfs } from 'node:fs/promises'
import path from 'node:path'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { sql } from 'kysely'
import { DomainError } from '../shared/errors/domain-error.ts'
import { openVolumeFile } from '../shared/node/volume-file.ts'
import { takeDataFolder } from './adapters/data-folder.ts'
import { heldMemory } from './adapters/held-memory.ts'
import { createJobRepository } from './adapters/kysely-jobs.ts'
import { createOverviewRepository } from './adapters/kysely-overview.ts'
import { createPeopleRepository } from './adapters/kysely-people.ts'
import { createQueueRepository } from './adapters/kysely-queue.ts'
import { createUploadRepository } from './adapters/kysely-uploads.ts'
import { createVolumeRepository } from './adapters/kysely-volumes.ts'
import { createNvidiaSmi } from './adapters/nvidia-smi.ts'
import { createOidcSignIn } from './adapters/oidc-sign-in.ts'
import { openDatabase } from './adapters/open-database.ts'
import { readTlsPair } from './adapters/tls-files.ts'
import { createUuid7 } from './adapters/uuid7.ts'
import { buildApp } from './app.ts'
import type { ServerConfig } from './config.ts'
import { rememberedFor } from './devices/gpu-inventory.ts'
import { removeUnfinished } from './inference/cache-file.ts'
import { ArtifactLinks } from './jobs/artifact-links.ts'
import { JobEvents } from './jobs/job-events.ts'
import { JobRunner } from './jobs/job-runner.ts'
import { JobService } from './jobs/job-service.ts'
import { LinkKeys } from './jobs/link-keys.ts'
import { Postprocessor } from './jobs/postprocessor.ts'
import { withTemporaryFolders } from './jobs/with-temporary-folders.ts'
import type { WorkerLauncher } from './jobs/worker-launcher.ts'
import { composeMetrics } from './metrics/compose-metrics.ts'
import { ConnectionBytes } from './metrics/connection-bytes.ts'
import { jobFigures } from './metrics/watch-jobs.ts'
import { watchedLauncher } from './metrics/watched-launcher.ts'
import { checkModel } from './models/check-model.ts'
import { ModelInstaller, type ModelInstallerNeeds } from './models/model-installer.ts'
import { ModelRegistry } from './models/model-registry.ts'
import { ClockWatch } from './operation/clock-watch.ts'
import { OverviewService } from './operation/overview.ts'
import { Retention, type RetentionNeeds } from './operation/retention.ts'
import type { PeopleRepository } from './people/people-repository.ts'
import { Projects } from './people/projects.ts'
import { TokenService } from './people/token-service.ts'
import { Readiness } from './readiness.ts'
import type { PageFolders } from './routes/page-routes.ts'
import type { FileHasher } from './uploads/file-hasher.ts'
import { HashFiles } from './uploads/hash-files.ts'
import { UploadService } from './uploads/upload-service.ts'
import { VolumeService } from './volumes/volume-service.ts'

/** How often uploads that nobody went on with are looked for. */
const CLEANUP_MS = 3600_000

const DAY_MS = 86_400_000

/** Facts of the cards are at most this old; asking the driver takes some 0.1 s. */
const GPU_FACTS_MS = 2_000

/** Requests under way have at least this long to be answered when the server stops. */
const LEAST_REPLY_MS = 1_000

/** A composed server: ready to listen, closed by `close`. */
export interface ComposedServer {
  app: FastifyInstance
  /** The server's own; null where only users' tokens are accepted. */
  token: string | null
  tokens: TokenService
  people: PeopleRepository
  /** What retention works on. */
  retentionNeeds: RetentionNeeds
  /** What is done each hour. Never rejects: each task is logged where it fails. */
  tidy(): Promise<void>
  uploads: UploadService
  /** Starts to listen. @returns the address, e.g. `http://127.0.0.1:7450` @throws {DomainError} `port_in_use` */
  listen(): Promise<string>
  /**
   * Stops in order: no new work is taken, running jobs finish their tile and go back on the queue, open requests end.
   * @param graceMs time for that; then workers and connections are ended
   */
  close(graceMs?: number): Promise<void>
}

/** What not every server has, or has otherwise. */
export interface ComposeOptions {
  /** In place of a process of its own with limits. */
  tryModel?: ModelInstallerNeeds['tryModel']
  /** In place of hashing in the thread that takes requests. */
  hasher?: FileHasher
  /** Where the operators' page lies; without it there is none. */
  pageFolders?: PageFolders
  /** Why jobs run on the CPU where cards were hoped for; null: they do not. */
  cpuInstead?: string | null
  /** How often the certificate's files are looked at, where it is not each minute. */
  tlsLookMs?: number
  /** How often live channels are kept alive and checked, where it is not 25 s. */
  keepaliveMs?: number
}

/**
 * Puts a server together: data folder, database, services, application.
 * @throws {DomainError} `data_folder_locked`, `setting_invalid`, and what `openDatabase` throws
 */
export async function composeServer(
  config: ServerConfig,
  launcher: WorkerLauncher,
  version: string,
  logger: FastifyServerOptions['logger'],
  more: ComposeOptions = {},
): Promise<ComposedServer> {
  const tryModel = more.tryModel ?? ((where, signal) => checkModel(where, config.modelTrial, signal))
  const newId = createUuid7()
  const cpuInstead = more.cpuInstead ?? null
  const folder = await takeDataFolder(config.dataFolder, config.token)
  let app: FastifyInstance | null = null
  const database = await openDatabase({ ...config, folderId: folder.folderId }, (problem) => {
    if (!app) return
    if (problem) return app.log.error({ detail: problem.message }, 'database lost')
    app.log.info('database is back')
    jobs.moves.onQueued()
  }).catch(async (error) => {
    await folder.release()
    throw error
  })
  const { db } = database
  const peopleRepository = createPeopleRepository(db)
  const projects = new Projects(peopleRepository)
  const tokens = new TokenService({
    people: peopleRepository,
    newId,
    serverToken: config.hasServerToken ? folder.token : null,
    ...(config.oidc ? { checkSignIn: createOidcSignIn(config.oidc) } : {}),
  })
  const linkKeys = new LinkKeys(folder.linkKeys, {
    replaceAfterMs: config.linkKeyDays * DAY_MS,
    linkLifetimeMs: config.artifactUrlSeconds * 1000,
  })
  await linkKeys.renew()
  const jobRepository = createJobRepository(db)
  const uploadRepository = createUploadRepository(db)
  const volumeRepository = createVolumeRepository(db, config.dataFolder)
  const volumes = new VolumeService({
    volumes: volumeRepository,
    openVolume: (file, options) => openVolumeFile(file, { ...options, tempDir: folder.temporary }),
    dataFolder: config.dataFolder,
    pathRoots: config.pathRoots,
    projects,
    newId,
    unfinishedUser: (volumeId) => jobRepository.unfinishedUser(volumeId),
  })
  const refused: { folder: string; error: DomainError }[] = []
  const installedModels = path.join(config.dataFolder, 'models')
  const models = await ModelRegistry.load(
    config.modelFolders,
    (where, error) => refused.push({ folder: where, error }),
    installedModels,
  )
  const installer = new ModelInstaller({
    registry: models,
    folder: installedModels,
    maxBytes: config.maxModelBytes,
    tryModel,
    unfinishedOfModel: (id, modelVersion) => jobRepository.unfinishedOfModel(id, modelVersion),
    newId,
  })
  const events = new JobEvents()
  const jobs = new JobService({
    jobs: jobRepository,
    volumes,
    models,
    events,
    config,
    projects,
    queueMemory: createQueueRepository(db),
    usedBytes: (owner) => uploadRepository.usedBytes(owner),
    newId,
  })
  const links = new ArtifactLinks(linkKeys, config.artifactUrlSeconds)
  const readiness = new Readiness({
    askDatabase: async () => {
      const problem = database.problem()
      if (problem) throw problem
      await sql`select 1`.execute(db)
    },
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(config.dataFolder)
      return bavail * bsize
    },
    numModels: () => models.list().length,
    isOnCpuInstead: cpuInstead !== null,
  })
  const onError = (error: unknown) => app?.log.error({ err: error }, 'background work failed')
  const probeGpus = rememberedFor(GPU_FACTS_MS, createNvidiaSmi())
  const bytes = new ConnectionBytes()
  const metrics = composeMetrics({
    config,
    version,
    jobs: jobRepository,
    uploads: uploadRepository,
    probeGpus,
    readiness,
    bytes,
    liveSockets: () => app?.websocketServer.clients.size ?? 0,
  })
  events.observe(jobFigures(metrics, jobRepository))
  const workers = watchedLauncher(withTemporaryFolders(launcher, folder.temporary), metrics.workers)
  const uploads = new UploadService(uploadRepository, volumes, config, more.hasher ?? new HashFiles(), newId, onError)
  app = await buildApp({
    config,
    version,
    tokens,
    people: peopleRepository,
    projects,
    newId,
    uploads,
    volumes,
    models,
    installer,
    jobs,
    events,
    links,
    postprocessor: new Postprocessor(jobs, workers),
    probeGpus,
    metrics,
    bytes,
    readiness,
    tls: config.tls && { paths: config.tls, pair: await readTlsPair(config.tls), lookMs: more.tlsLookMs },
    overview: new OverviewService({
      config,
      version,
      jobs,
      models,
      people: peopleRepository,
      holdings: createOverviewRepository(db),
      probeGpus,
      notices: cpuInstead === null ? [] : [cpuInstead],
    }),
    pageFolders: more.pageFolders ?? null,
    ...(more.keepaliveMs ? { keepaliveMs: more.keepaliveMs } : {}),
    logger,
  })
  for (const { folder: where, error } of refused)
    app.log.warn({ model: path.basename(where), detail: error.message }, 'model package refused')
  if (cpuInstead !== null)
    app.log.warn({ reason: cpuInstead }, 'jobs run on the CPU: no card could be used at the start')
  const runner = new JobRunner(jobs, workers, app.log, version, folder.folderId, () => heldMemory(process.pid))
  const retentionNeeds: RetentionNeeds = {
    config,
    jobs: jobRepository,
    managedVolumes: volumeRepository.managed,
    removeVolume: (record) => volumes.remove(record),
    jobFolder: (jobId) => jobs.moves.jobFolder(jobId),
    isKnown: async (folder, name) => {
      if (folder === 'jobs') return (await jobRepository.find(name)) !== null
      // Until it is a volume, an upload of the same name is checked.
      const upload = await uploadRepository.find(name)
      return upload?.state === 'verifying' || (await volumeRepository.find(name)) !== null
    },
    log: app.log,
    isClockSure: () => clock.isSure,
  }
  const clock = new ClockWatch({
    file: path.join(config.dataFolder, 'last-seen'),
    onJump: (aheadMs) => uploads.keepOpen(aheadMs),
    onError,
    log: app.log,
  })
  const retention = new Retention(retentionNeeds)
  uploads.makeRoom = (freeBytes) => retention.makeRoom(freeBytes)
  const tidy = async () => {
    const lastAudit = () => new Date(Date.now() - config.auditDays * DAY_MS).toISOString()
    const tasks: (() => Promise<unknown>)[] = [
      () => clock.look().then(() => uploads.removeExpired()),
      () => retention.tidy(),
      () => linkKeys.renew(),
      async () => clock.isSure && peopleRepository.removeAuditBefore(lastAudit()),
    ]
    for (const task of tasks) await Promise.resolve().then(task).catch(onError)
  }
  const cleanup = setInterval(() => void tidy(), CLEANUP_MS)
  cleanup.unref()
  await clock.look()
  await uploads.start()
  await installer.start()
  await removeUnfinished(jobs.cacheFolder())
  await runner.start()
  readiness.started()
  return {
    app,
    token: config.hasServerToken ? folder.token : null,
    tokens,
    people: peopleRepository,
    retentionNeeds,
    tidy,
    uploads,
    listen: () => listen(app, config),
    close: async (graceMs = 0) => {
      readiness.stopping()
      clearInterval(cleanup)
      const endMs = performance.now() + graceMs
      await Promise.all([installer.stop(), runner.stop(graceMs)])
      const cut = setTimeout(
        () => app.server.closeAllConnections(),
        Math.max(LEAST_REPLY_MS, endMs - performance.now()),
      )
      await app.close()
      clearTimeout(cut)
      await uploads.stop()
      await clock.look().catch(onError)
      await database.close()
      await folder.release()
    },
  }
}

async function listen(app: FastifyInstance, { host, port }: ServerConfig): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new DomainError('port_in_use', { port, cause })
    throw cause
  }
}
