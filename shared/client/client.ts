import type { JobEstimate } from '../contract/estimate.ts'
import type { Artifact, ArtifactList, Job, JobList, Postprocessed } from '../contract/jobs.ts'
import type { ModelList } from '../contract/models.ts'
import type { Me } from '../contract/people.ts'
import type { ServerInfo } from '../contract/server-info.ts'
import type { Volume, VolumeList } from '../contract/volumes.ts'
import { DomainError } from '../errors/domain-error.ts'
import type { CryoMambaClient, ServerAddress } from './api.ts'
import { downloadArtifact } from './download.ts'
import { HttpConnection } from './http.ts'
import { uploadFile } from './upload.ts'
import { watchJob } from './watch-job.ts'

/** Versions of the wire that this client speaks. */
const PROTOCOLS = [1]

/** A connection test waits no longer than this. */
const INFO_TIMEOUT_MS = 10_000

/** For what the server reads a whole volume for before it answers: minutes for a large one. */
const NO_LIMIT = 0

/** Typed access to one server; opens nothing until a call is made. @throws {DomainError} `usage` for an address that is none */
export function createClient(address: ServerAddress): CryoMambaClient {
  const http = new HttpConnection(address)
  const get = <T>(url: string, signal?: AbortSignal) => http.json<T>({ method: 'GET', url, signal })
  return {
    address: http.address,
    info: async (signal) => {
      const info = await http.json<ServerInfo>({
        method: 'GET',
        url: '/v1/server/info',
        timeout: INFO_TIMEOUT_MS,
        isUrgent: true,
        signal,
      })
      if (info?.name !== 'cryomamba' || !PROTOCOLS.includes(info.protocol))
        throw new DomainError('server_incompatible', { url: http.address.url })
      return info
    },
    models: async (signal) => (await get<ModelList>('/v1/models', signal)).models,
    me: (signal) => unlessUnknown(get<Me>('/v1/me', signal)),
    upload: (source, options) => uploadFile(http, source, options),
    volumeFromPath: (path, signal) =>
      http.json<Volume>({ method: 'POST', url: '/v1/volumes/from-path', data: { path }, timeout: NO_LIMIT, signal }),
    volume: (volumeId) => get<Volume>(`/v1/volumes/${volumeId}`),
    volumes: async (limit) => (await get<VolumeList>(`/v1/volumes${queryOf({ limit })}`)).volumes,
    deleteVolume: async (volumeId) => void (await http.send({ method: 'DELETE', url: `/v1/volumes/${volumeId}` })),
    createJob: (body) => http.json<Job>({ method: 'POST', url: '/v1/jobs', data: body }),
    estimateJob: (body) =>
      unlessUnknown(http.json<JobEstimate>({ method: 'POST', url: '/v1/jobs/estimate', data: body })),
    job: (jobId) => get<Job>(`/v1/jobs/${jobId}`),
    jobs: async () => (await get<JobList>('/v1/jobs')).jobs,
    jobPage: ({ limit, cursor }) => get<JobList>(`/v1/jobs${queryOf({ limit, cursor })}`),
    cancelJob: (jobId) => http.json<Job>({ method: 'DELETE', url: `/v1/jobs/${jobId}` }),
    pauseJob: (jobId) => http.json<Job>({ method: 'POST', url: `/v1/jobs/${jobId}/pause`, data: {} }),
    resumeJob: (jobId) => http.json<Job>({ method: 'POST', url: `/v1/jobs/${jobId}/resume`, data: {} }),
    retryJob: (jobId) => http.json<Job>({ method: 'POST', url: `/v1/jobs/${jobId}/retry`, data: {} }),
    watchJob: (jobId, options) => watchJob(http, jobId, options),
    postprocess: (jobId, body, signal) => {
      const url = `/v1/jobs/${jobId}/postprocess`
      return http.json<Postprocessed>({ method: 'POST', url, data: body, timeout: NO_LIMIT, signal })
    },
    artifacts: async (jobId) => (await get<ArtifactList>(`/v1/jobs/${jobId}/artifacts`)).artifacts,
    downloadArtifact: (artifact, path, options) =>
      downloadArtifact(http, artifact, path, { refresh: () => artifactAgain(http, artifact), ...options }),
  }
}

/** The part of an address from the question mark on; what is not given is left out. */
function queryOf(fields: Readonly<Record<string, string | number | null | undefined>>): string {
  const given: [string, string][] = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

/** Null where the server has no such address: it is older than this client. */
async function unlessUnknown<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof DomainError && error.code === 'route_not_found') return null
    throw error
  }
}

/** The artifact as the server has it now, with a fresh link. @throws {DomainError} `artifact_not_found`, `job_not_found` */
async function artifactAgain(http: HttpConnection, { name, url }: Artifact): Promise<Artifact> {
  const jobId = /\/v1\/files\/([^/]+)\//.exec(url)?.[1]
  const list = await http.json<ArtifactList>({ method: 'GET', url: `/v1/jobs/${jobId}/artifacts` })
  const found = list.artifacts.find((one) => one.name === name)
  if (!found) throw new DomainError('artifact_not_found', { name })
  return found
}
