import { afterAll, beforeAll, expect, it } from 'vitest'
import { finishedOn } from './job-calls.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import {
  AUTH,
  digestHeader,
  initUpload,
  inProcessLauncher,
  makeTestServer,
  type TestServer,
  uploadAll,
} from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const BODY = Buffer.from('{"a":[1]}')
const TYPES = [
  'application/json',
  'text/plain',
  'application/octet-stream',
  'application/zip',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'a/b/c',
  null,
]

let server: TestServer
beforeAll(async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  const change = { maxUploadsPerUser: 1000, maxQueuedPerUser: 1000 }
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change })
})
afterAll(() => server.stop())

/** Ids that exist, made anew for each address: some of them are deleted. */
async function ids(): Promise<Record<string, string>> {
  const shape = [3, 5, 7] as const
  const volume = await uploadAll(server, makeMrc(makeVoxels(shape), shape))
  const payload = { volume_id: volume.volume_id, model: 'threshold' }
  const job = await server.app.inject({ method: 'POST', url: '/v1/jobs', headers: AUTH, payload })
  await finishedOn(server, job.json().job_id)
  const upload = await initUpload(server, BODY, { chunk_size: 16 })
  return {
    volumeId: volume.volume_id,
    jobId: job.json().job_id,
    uploadId: upload.upload_id,
    id: 'threshold',
    partIndex: '0',
  }
}

it('no address answers a body of another type than its own with an error of the server', async () => {
  const taking = server.app.routeList.filter(({ method }) => ['POST', 'PUT', 'DELETE'].includes(method))
  const wrong: string[] = []
  for (const { method, url } of taking) {
    const known = await ids()
    for (const type of TYPES)
      for (const payload of [BODY, Buffer.alloc(0)]) {
        const address = url.replaceAll(/:(\w+)/g, (_, name: string) => known[name] ?? name)
        const headers = { ...AUTH, 'content-digest': digestHeader(BODY), ...(type ? { 'content-type': type } : {}) }
        const reply = await server.app.inject({ method: method as 'POST', url: address, headers, payload })
        if (reply.statusCode >= 500)
          wrong.push(`${method} ${url} ${type} ${payload.length} ${reply.statusCode} ${reply.body}`)
      }
  }
  expect(wrong).toEqual([])
}, 120_000)
