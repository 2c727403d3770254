/** A request that a stranger sends about something of somebody else. */
export interface Address {
  method: string
  /** As the server knows it: `:uploadId`, `:volumeId`, `:jobId` and so on are filled in. */
  url: string
  body?: Readonly<Record<string, unknown>>
  /** Sent as bytes. */
  isPart?: true
}

/** Every address that names something of a user. A test compares this list with the server's own. */
export const OWNED: readonly Address[] = [
  { method: 'GET', url: '/v1/uploads/:uploadId' },
  { method: 'GET', url: '/v1/uploads/:uploadId/status' },
  { method: 'PUT', url: '/v1/uploads/:uploadId/part/:partIndex', isPart: true },
  { method: 'POST', url: '/v1/uploads/:uploadId/complete', body: {} },
  { method: 'DELETE', url: '/v1/uploads/:uploadId' },
  { method: 'GET', url: '/v1/volumes/:volumeId' },
  { method: 'PUT', url: '/v1/volumes/:volumeId/project', body: { project: null } },
  { method: 'DELETE', url: '/v1/volumes/:volumeId' },
  { method: 'GET', url: '/v1/jobs/:jobId' },
  { method: 'PUT', url: '/v1/jobs/:jobId', body: { start_inference: true } },
  { method: 'GET', url: '/v1/jobs/:jobId/artifacts' },
  { method: 'GET', url: '/v1/jobs/:jobId/artifacts/:name' },
  { method: 'POST', url: '/v1/jobs/:jobId/postprocess', body: {} },
  { method: 'POST', url: '/v1/jobs/:jobId/pause' },
  { method: 'POST', url: '/v1/jobs/:jobId/resume' },
  { method: 'POST', url: '/v1/jobs/:jobId/retry' },
  { method: 'POST', url: '/v1/jobs/:jobId/ticket' },
  { method: 'PUT', url: '/v1/jobs/:jobId/project', body: { project: null } },
  { method: 'DELETE', url: '/v1/jobs/:jobId' },
  { method: 'GET', url: '/ws/jobs/:jobId' },
  { method: 'GET', url: '/v1/files/:jobId/:name' },
  { method: 'POST', url: '/v1/admin/jobs/:jobId/cancel' },
]

/** Addresses with a parameter that name nothing of a user; hostile values go there, too. */
export const COMMON: readonly Address[] = [
  { method: 'GET', url: '/v1/models/:id' },
  { method: 'DELETE', url: '/v1/models/:id' },
  { method: 'GET', url: '/v1/models/:id/access' },
  { method: 'PUT', url: '/v1/models/:id/access', body: { groups: [] } },
  { method: 'GET', url: '/operator/:file' },
]

/** Bodies that are right, for changing one thing at a time. */
export const BODIES: readonly Address[] = [
  { method: 'POST', url: '/v1/uploads/init', body: { filename: 'a.mrc', total_size: 2048, chunk_size: 65536 } },
  { method: 'POST', url: '/v1/volumes/from-path', body: { path: '/nowhere/a.mrc' } },
  {
    method: 'POST',
    url: '/v1/jobs',
    body: {
      volume_id: '00000000-0000-7000-8000-000000000000',
      model: 'threshold',
      params: { patch_zyx: [8, 8, 8], step: 0.5, mirror_axes: ['z'], threads: 1, threshold: 0.5, draft: true },
      preview: { enabled: true, factor: 4, interval_seconds: 1 },
    },
  },
]

/** An address with its parameters filled in; `values` are put in as they are. */
export function filled(url: string, values: Readonly<Record<string, string>>): string {
  return url.replaceAll(/:(\w+)/g, (_, name: string) => values[name] ?? name)
}
