import { createReadStream } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { artifactsOn, createJobOn, finishedOn } from './job-calls.ts'
import { inProcessLauncher, makeTestServer, type TestServer } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

vi.mock('node:fs', async (original) => {
  const whole = await original<typeof import('node:fs')>()
  return { ...whole, createReadStream: vi.fn(whole.createReadStream) }
})

let server: TestServer
afterEach(() => server.stop())

it.each([
  ['gone', (file: string) => rm(file)],
  ['cut', (file: string) => truncate(file, 10)],
])('a result whose file is %s is not found, instead of an internal error or half a file', async (_what, harm) => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest() })
  const { job_id: id } = await finishedOn(server, (await createJobOn(server)).job_id)
  const [artifact] = await artifactsOn(server, id)
  expect((await server.app.inject({ url: artifact.url })).statusCode).toBe(200)
  await harm(path.join(server.dataFolder, 'jobs', id, 'attempt-1', artifact.name))
  for (const headers of [{}, { range: 'bytes=0-3' }]) {
    const reply = await server.app.inject({ url: artifact.url, headers })
    expect([reply.statusCode, reply.json().code]).toEqual([404, 'artifact_not_found'])
    expect(reply.headers['content-type']).toContain('application/problem+json')
  }
})

it('a HEAD tells the size of a result, or of a range of it, and reads nothing', async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest() })
  const { job_id: id } = await finishedOn(server, (await createJobOn(server)).job_id)
  const [artifact] = await artifactsOn(server, id)
  const read = vi.mocked(createReadStream)
  const before = read.mock.calls.length
  const ask = (headers = {}) => server.app.inject({ method: 'HEAD', url: artifact.url, headers })
  const [whole, part] = [await ask(), await ask({ range: 'bytes=2-5' })]
  expect([whole.statusCode, whole.headers['content-length']]).toEqual([200, String(artifact.size_bytes)])
  expect([part.statusCode, part.headers['content-length']]).toEqual([206, '4'])
  expect(read.mock.calls.length).toBe(before)
  expect((await server.app.inject({ url: artifact.url })).rawPayload).toHaveLength(artifact.size_bytes)
  expect(read.mock.calls.length).toBe(before + 1)
})
