import { statfs } from 'node:fs/promises'
import type { ServerConfig } from '../config.ts'
import { describeDevices, type GpuProbe } from '../devices/gpu-inventory.ts'
import type { JobRepository } from '../jobs/job-repository.ts'
import type { Readiness } from '../readiness.ts'
import type { UploadRepository } from '../uploads/upload-repository.ts'
import type { ConnectionBytes } from './connection-bytes.ts'
import { ServerMetrics } from './server-metrics.ts'

const UNFINISHED_JOBS = ['queued', 'running', 'previewing', 'paused'] as const
const UNFINISHED_UPLOADS = ['receiving', 'verifying'] as const

export interface MetricsNeeds {
  config: Pick<ServerConfig, 'dataFolder' | 'devices'>
  version: string
  jobs: Pick<JobRepository, 'withState'>
  uploads: Pick<UploadRepository, 'withState'>
  probeGpus: GpuProbe
  readiness: Readiness
  bytes: ConnectionBytes
  liveSockets: () => number
}

/** The figures of a server, looked up where they are. */
export function composeMetrics(needs: MetricsNeeds): ServerMetrics {
  const { config, jobs, uploads, probeGpus, readiness, bytes, liveSockets } = needs
  return new ServerMetrics(needs.version, {
    jobsByState: async () => {
      const found = await jobs.withState(UNFINISHED_JOBS)
      return countsOf(UNFINISHED_JOBS, (state) => found.filter((job) => job.state === state).length)
    },
    uploadsByState: async () => {
      const found = await Promise.all(UNFINISHED_UPLOADS.map((state) => uploads.withState(state)))
      return countsOf(UNFINISHED_UPLOADS, (_, index) => found[index].length)
    },
    devices: () => describeDevices(config.devices, probeGpus),
    disk: async () => {
      const { blocks, bavail, bsize } = await statfs(config.dataFolder)
      return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize }
    },
    moved: () => bytes.total(),
    liveSockets,
    isOnCpuInstead: readiness.notes.length > 0,
    isReady: async () => (await readiness.reasons()).length === 0,
  })
}

function countsOf<T extends string>(states: readonly T[], count: (state: T, index: number) => number) {
  return Object.fromEntries(states.map((state, index) => [state, count(state, index)]))
}
