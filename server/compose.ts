import path from 'node:path'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { DomainError } from '../shared/errors/domain-error.ts'
import { openVolumeFile } from '../shared/node/volume-file.ts'
import { takeDataFolder } from './adapters/data-folder.ts'
import { createJobRepository } from './adapters/kysely-jobs.ts'
import { createUploadRepository } from './adapters/kysely-uploads.ts'
import { createVolumeRepository } from './adapters/kysely-volumes.ts'
import { migrate } from './adapters/migrations.ts'
import { createNvidiaSmi } from './adapters/nvidia-smi.ts'
import { openSqlite } from './adapters/open-sqlite.ts'
import { uuid7 } from './adapters/uuid7.ts'
import { buildApp } from './app.ts'
import type { ServerConfig } from './config.ts'
import { rememberedFor } from './devices/gpu-inventory.ts'
import { ArtifactLinks } from './jobs/artifact-links.ts'
import { JobEvents } from './jobs/job-events.ts'
import { JobRunner } from './jobs/job-runner.ts'
import { JobService } from './jobs/job-service.ts'
import { Postprocessor } from './jobs/postprocessor.ts'
import type { WorkerLauncher } from './jobs/worker-launcher.ts'
import { checkModel } from './models/check-model.ts'
import { ModelInstaller, type ModelInstallerNeeds } from './models/model-installer.ts'
import { ModelRegistry } from './models/model-registry.ts'
import { UploadService } from './uploads/upload-service.ts'
import { VolumeService } from './volumes/volume-service.ts'

/** How often uploads that nobody went on with are looked for. */
const CLEANUP_MS = 3600_000

/** Facts of the cards are at most this old; asking the driver takes some 0.1 s. */
const GPU_FACTS_MS = 2_000

/** A composed server: ready to listen, closed by `close`. */
export interface ComposedServer {
  app: FastifyInstance
  token: string
  uploads: UploadService
  /** Starts to listen. @returns the address, e.g. `http://127.0.0.1:7450` @throws {DomainError} `port_in_use` */
  listen(): Promise<string>
  close(): Promise<void>
}

/**
 * Puts a server together: data folder, database, services, application.
 * @throws {DomainError} `data_folder_locked`, `setting_invalid`
 */
export async function composeServer(
  config: ServerConfig,
  launcher: WorkerLauncher,
  version: string,
  logger: FastifyServerOptions['logger'],
  tryModel: ModelInstallerNeeds['tryModel'] = (where, signal) => checkModel(where, config.modelTrial, signal),
): Promise<ComposedServer> {
  const folder = await takeDataFolder(config.dataFolder, config.token)
  const db = openSqlite(path.join(config.dataFolder, 'cryomamba.sqlite'))
  await migrate(db)
  const jobRepository = createJobRepository(db)
  const volumes = new VolumeService({
    volumes: createVolumeRepository(db, config.dataFolder),
    openVolume: openVolumeFile,
    dataFolder: config.dataFolder,
    pathRoots: config.pathRoots,
    newId: uuid7,
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
    newId: uuid7,
  })
  const events = new JobEvents()
  const jobs = new JobService({ jobs: jobRepository, volumes, models, events, config, newId: uuid7 })
  const links = new ArtifactLinks(folder.linkKey, config.artifactUrlSeconds)
  let isReady = false
  let app: FastifyInstance | null = null
  const onError = (error: unknown) => app?.log.error({ err: error }, 'background work failed')
  const uploads = new UploadService(createUploadRepository(db), volumes, config, uuid7, onError)
  app = await buildApp({
    config,
    version,
    token: folder.token,
    uploads,
    volumes,
    models,
    installer,
    jobs,
    events,
    links,
    postprocessor: new Postprocessor(jobs, launcher),
    probeGpus: rememberedFor(GPU_FACTS_MS, createNvidiaSmi()),
    isReady: () => isReady,
    logger,
  })
  for (const { folder: where, error } of refused)
    app.log.warn({ model: path.basename(where), detail: error.message }, 'model package refused')
  const runner = new JobRunner(jobs, launcher, app.log, version)
  const cleanup = setInterval(() => void uploads.removeExpired().catch(onError), CLEANUP_MS)
  cleanup.unref()
  await uploads.start()
  await installer.start()
  await runner.start()
  isReady = true
  return {
    app,
    token: folder.token,
    uploads,
    listen: () => listen(app, config),
    close: async () => {
      clearInterval(cleanup)
      await installer.stop()
      await app.close()
      await runner.stop()
      await uploads.stop()
      await db.destroy()
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
