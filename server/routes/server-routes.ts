import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Health, Ready, ServerInfo } from '../../shared/contract/server-info.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { ServerConfig } from '../config.ts'
import { describeDevices, type GpuProbe } from '../devices/gpu-inventory.ts'
import type { Readiness } from '../readiness.ts'
import { PROBLEM_REPLIES } from './schemas.ts'

/** Version of the wire. Raised only when an older client can no longer work. */
const PROTOCOL = 1

/** `GET /v1/healthz`, `GET /v1/readyz`, `GET /v1/server/info`. */
export const serverRoutes: FastifyPluginAsyncTypebox<{
  config: ServerConfig
  version: string
  probeGpus: GpuProbe
  readiness: Readiness
}> = async (app, { config, version, probeGpus, readiness }) => {
  app.get('/v1/healthz', { schema: { response: { 200: Health } } }, async () => ({ status: 'ok' as const, version }))
  app.get('/v1/readyz', { schema: { response: { 200: Ready, ...PROBLEM_REPLIES } } }, async () => {
    const reasons = await readiness.reasons()
    if (reasons.length > 0) throw new DomainError('not_ready', { reasons: reasons.join('; '), retryAfterSeconds: 10 })
    const { notes } = readiness
    return { status: 'ok' as const, ...(notes.length > 0 ? { notes } : {}) }
  })
  app.get('/v1/server/info', { schema: { response: { 200: ServerInfo, ...PROBLEM_REPLIES } } }, async () => ({
    name: 'cryomamba' as const,
    version,
    protocol: PROTOCOL,
    time: new Date().toISOString(),
    devices: (await describeDevices(config.devices, probeGpus)).map((device) => ({
      device_id: device.deviceId,
      kind: device.kind,
      name: device.name,
      memory_total_bytes: device.memoryTotalBytes,
      memory_used_bytes: device.memoryUsedBytes,
      utilisation_percent: device.utilisationPercent,
    })),
    limits: {
      min_chunk_bytes: config.minChunkBytes,
      max_chunk_bytes: config.maxChunkBytes,
      default_chunk_bytes: config.defaultChunkBytes,
      max_upload_bytes: config.maxUploadBytes,
    },
    capabilities: [
      'uploads',
      'previews',
      'artifact_ranges',
      ...(config.pathRoots.length > 0 ? ['volume_from_path'] : []),
    ],
  }))
}
