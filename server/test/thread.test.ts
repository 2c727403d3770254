import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openVolumeFile } from '../../shared/node/volume-file.ts'
import { createOnnxSession } from '../adapters/onnx-session.ts'
import type { JobDescription } from '../inference/messages.ts'
import { runJob } from '../inference/run-job.ts'
import { MOST_IDLE_MS } from '../inference/thread-life.ts'
import { loadModelPackage } from '../models/load-package.ts'
import { makeMrc, makeVoxels } from './make-mrc.ts'
import { hasCompiledServer } from './real-server.ts'

const ROOT = path.join(import.meta.dirname, '../..')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cryomamba-thread-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The compiled program: threads are started from it, and errors are told apart by its classes. */
async function compiled() {
  const load = (file: string) => import(path.join(ROOT, 'dist', file))
  const { prepareThread, runInThread }: typeof import('../inference/run-in-thread.ts') = await load(
    'server/inference/run-in-thread.js',
  )
  const { createOnnxSession }: typeof import('../adapters/onnx-session.ts') = await load(
    'server/adapters/onnx-session.js',
  )
  return {
    prepareThread,
    runInThread,
    deps: { openVolume: openVolumeFile, createSession: createOnnxSession, engine: 'test' },
  }
}

describe.runIf(hasCompiledServer)('a job whose network runs beside the thread that streams the volume', () => {
  const events = { progress: () => undefined, preview: () => undefined }

  async function jobOf(name: string): Promise<JobDescription> {
    const shape = [20, 40, 36] as const
    const file = path.join(folder, 'volume.mrc')
    await writeFile(file, makeMrc(makeVoxels(shape), shape))
    return {
      jobId: 'test',
      attempt: 1,
      volume: { path: file, filename: 'volume.mrc', sha256: '' },
      model: await loadModelPackage(path.join(ROOT, 'resources/models/demo-cryoet-unet')),
      params: {
        ...{ patch_zyx: [16, 16, 16], step: 0.5, mirror_axes: ['z', 'x'], preview_factor: 4 },
        ...{ preview_interval_seconds: 0, threads: 1, provider: 'cpu' },
      },
      outFolder: path.join(folder, name),
      cacheFolder: path.join(folder, 'cache'),
      programVersion: 'test',
      createdAt: new Date().toISOString(),
    }
  }

  it('gives the bytes of one that does all in turn', async () => {
    const { prepareThread, runInThread, deps } = await compiled()
    const signal = new AbortController().signal
    const alone = await runJob(await jobOf('alone'), events, { ...deps, createSession: createOnnxSession }, signal)
    const beside = await runInThread(await jobOf('beside'), events, deps, signal)
    const prepared = await prepareThread()(await jobOf('prepared'), events, deps, signal)
    expect(prepared.result.mask_sha256).toBe(beside.result.mask_sha256)
    expect(beside.result.mask_sha256).toBe(alone.result.mask_sha256)
    const hashes = ({ artifacts }: typeof alone) =>
      artifacts.filter(({ name }) => name !== 'provenance.json').map(({ name, sha256 }) => [name, sha256])
    expect(hashes(beside)).toEqual(hashes(alone))
  })

  it.each([1, 2])('gives the same bytes with %i threads that add tiles up, twice', async (blendThreads) => {
    const { runInThread, deps } = await compiled()
    const signal = new AbortController().signal
    const none = await runInThread(await jobOf('none'), events, deps, signal)
    for (const name of ['once', 'twice']) {
      const found = await runInThread({ ...(await jobOf(name)), blendThreads }, events, deps, signal)
      expect(found.result.mask_sha256).toBe(none.result.mask_sha256)
      expect(found.artifacts.find((one) => one.name === 'probability.mrc')?.sha256).toBe(
        none.artifacts.find((one) => one.name === 'probability.mrc')?.sha256,
      )
    }
  })

  it.skipIf(process.platform === 'win32')('no longer counts as alive once a disk gives no answer', async () => {
    const { runInThread, deps } = await compiled()
    const job = await jobOf('hung')
    const cached = { ...job, cacheFolder: path.join(folder, 'hung-cache'), volume: { ...job.volume, sha256: 'abc' } }
    await runInThread(cached, events, deps, new AbortController().signal)
    const known = (await readdir(cached.cacheFolder)).find((name) => name.endsWith('-input.json')) as string
    const pipe = path.join(cached.cacheFolder, known)
    await rm(pipe)
    // Opening a pipe that nobody writes to never ends, as a read from a network drive whose server is gone.
    execFileSync('mkfifo', [pipe])
    let isAlive = (): boolean => {
      throw new Error('the run did not say how to see whether it lives')
    }
    const worksBeside = (check: () => boolean) => {
      isAlive = check
    }
    const clock = vi.spyOn(performance, 'now')
    const stop = new AbortController()
    const ended = runInThread(cached, { ...events, worksBeside }, deps, stop.signal)
    try {
      expect(isAlive()).toBe(true)
      let nowMs = performance.now()
      clock.mockImplementation(() => nowMs)
      // A thread that still does something lives on: it takes a few looks until it does nothing more.
      await vi.waitFor(() => {
        nowMs += MOST_IDLE_MS + 1
        expect(isAlive()).toBe(false)
      }, 20_000)
    } finally {
      clock.mockRestore()
      stop.abort()
      // The thread reads nothing, and the job ends as it was asked to.
      await writeFile(pipe, '')
      await expect(ended).rejects.toMatchObject({ code: 'canceled' })
    }
  })

  it('ends with the problem of the network, of the volume or of a cancel, and stops the thread', async () => {
    const { runInThread, deps } = await compiled()
    const stop = new AbortController()
    const job = await jobOf('troubled')
    const missing = { ...job, volume: { ...job.volume, path: path.join(folder, 'nothing.mrc') } }
    await expect(runInThread(missing, events, deps, stop.signal)).rejects.toMatchObject({ code: 'file_not_found' })
    const unavailable = { ...job, params: { ...job.params, provider: 'cuda' } }
    await expect(runInThread(unavailable, events, deps, stop.signal)).rejects.toMatchObject({
      code: 'provider_unavailable',
    })
    const beside = { ...job, blendThreads: 2 }
    await expect(
      runInThread({ ...beside, params: { ...unavailable.params } }, events, deps, stop.signal),
    ).rejects.toMatchObject({ code: 'provider_unavailable' })
    const canceling = { ...events, progress: () => stop.abort() }
    await expect(runInThread(beside, canceling, deps, stop.signal)).rejects.toMatchObject({ code: 'canceled' })
  })
})
