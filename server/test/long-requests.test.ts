import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { createClient } from '../../shared/client/client.ts'
import type { WorkerLauncher } from '../jobs/worker-launcher.ts'
import { VolumeService } from '../volumes/volume-service.ts'
import { createJobOn, finishedOn, SHAPE, VOXELS } from './job-calls.ts'
import { makeMrc } from './make-mrc.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

/** A connection of these tests may be silent for so long; what is slow here takes far longer. */
const SILENT_MS = 200
const SLOW_MS = 1500

let server: TestServer
let folder: string
afterEach(async () => {
  vi.restoreAllMocks()
  await server.stop()
  await rm(folder, { recursive: true })
})

/** Workers that hear an order for another mask late. */
function lateLauncher(inner: WorkerLauncher): WorkerLauncher {
  return {
    launch: async (env) => {
      const worker = await inner.launch(env)
      const send: typeof worker.send = (message) =>
        message.type === 'postprocess' ? void setTimeout(() => worker.send(message), SLOW_MS) : worker.send(message)
      return { ...worker, send }
    },
  }
}

async function start() {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'cryomamba-long-')))
  server = await makeTestServer({
    launcher: lateLauncher(inProcessLauncher(fakeThresholdNetwork().createSession)),
    manifest: thresholdManifest(),
    change: { pathRoots: [folder] },
  })
  server.app.server.setTimeout(SILENT_MS)
  return createClient({ url: await server.listen(), token: TOKEN })
}

/** Makes an answer of the service come late. */
function slowDown(method: 'fromPath' | 'list') {
  const before = VolumeService.prototype[method] as (...args: unknown[]) => Promise<never>
  vi.spyOn(VolumeService.prototype, method).mockImplementation(async function (
    this: VolumeService,
    ...args: unknown[]
  ) {
    await delay(SLOW_MS)
    return before.apply(this, args)
  })
}

it('a volume by its path and another mask are answered however long they take, other requests are not', async () => {
  const client = await start()
  const file = path.join(folder, 'a.mrc')
  await writeFile(file, makeMrc(VOXELS, SHAPE))
  slowDown('fromPath')
  slowDown('list')
  await expect(client.volumes()).rejects.toMatchObject({ code: 'server_unreachable' })
  expect((await client.volumeFromPath(file)).shape_zyx).toEqual([...SHAPE])
  const job = await createJobOn(server, { params: { probability: true } })
  await finishedOn(server, job.job_id)
  expect((await client.postprocess(job.job_id, { threshold: 0.5 })).labels).toHaveProperty('1')
})

it('the client can give such a request up', async () => {
  const client = await start()
  slowDown('fromPath')
  const stop = new AbortController()
  const asked = client.volumeFromPath('/nowhere/a.mrc', stop.signal)
  setTimeout(() => stop.abort(), 50)
  await expect(asked).rejects.toMatchObject({ code: 'canceled' })
})
