import { expect } from 'vitest'
import type { Artifact, ArtifactList, Job } from '../../shared/contract/jobs.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import { AUTH, type TestServer, until, uploadAll } from './test-server.ts'
import { THRESHOLD } from './threshold-model.ts'

export const SHAPE = [21, 13, 18] as const
export const VOXELS = makeVoxels(SHAPE)
/** What the threshold network gives. */
export const EXPECTED = Uint8Array.from(VOXELS, (value) => (value > THRESHOLD ? 1 : 0))

/** Uploads the volume and queues a job over it. */
export async function createJobOn(server: TestServer, body: Record<string, unknown> = {}): Promise<Job> {
  const volume = await uploadAll(server, makeMrc(VOXELS, SHAPE))
  const payload = {
    volume_id: volume.volume_id,
    model: 'threshold',
    preview: { enabled: true, factor: 4, interval_seconds: 0 },
    ...body,
  }
  const reply = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
  expect(reply.statusCode, reply.body).toBe(202)
  return reply.json()
}

export async function jobOn(server: TestServer, jobId: string): Promise<Job> {
  return (await server.app.inject({ url: `/v1/jobs/${jobId}`, headers: AUTH })).json()
}

/** The job once it has ended in any way. */
export const finishedOn = (server: TestServer, jobId: string) =>
  until(async () => {
    const job = await jobOn(server, jobId)
    return ['completed', 'failed', 'canceled'].includes(job.state) ? job : null
  })

export async function artifactsOn(server: TestServer, jobId: string): Promise<Artifact[]> {
  const reply = await server.app.inject({ url: `/v1/jobs/${jobId}/artifacts`, headers: AUTH })
  return (reply.json() as ArtifactList).artifacts
}
