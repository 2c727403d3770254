import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeServer, job, phases, startRuns, until, VOLUME } from '../../build/test-support/fake-runs.ts'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import type { CryoMambaClient, UploadOptions, UploadProgress } from '../../shared/client/api.ts'
import type { OpenedVolume } from '../../shared/contract/bridge.ts'
import type { Job } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { NewRun } from './new-run.ts'

const away = () => new DomainError('server_unreachable', { url: 'http://s:1', reason: 'x' })

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-runs-'))
  file = path.join(folder, 'a.mrc')
  writeFileSync(file, mrcBytes({ body: new Uint8Array(2 * 7 * 5 * 3) }))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const start = (client: CryoMambaClient) => startRuns(client, folder)

const order = (change: Partial<NewRun> = {}): NewRun => ({
  ...{ volumeRef: 'open', volumeName: 'a.mrc', file, mode0: null, serverPath: null, modelId: 'demo', params: {} },
  ...{ shapeZyx: null, batchRef: null, saveTo: null },
  ...change,
})

/** Resolves when the signal of a call is aborted, as an upload and a watch do. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new DomainError('canceled')), { once: true }),
  )

describe('several runs', () => {
  it('go on at once, and only the one over the open volume is shown', async () => {
    const { runs, volumes, onEnded, onShown } = start(fakeServer())
    await runs.volumeOpened({ volume_ref: 'open', mode0: null } as OpenedVolume, file)
    const first = runs.start(order())
    runs.start(order({ volumeRef: 'other', file: path.join(folder, 'a.mrc') }))
    await until(() => expect(phases(runs)).toEqual(['completed', 'completed']))
    expect(onShown).toHaveBeenLastCalledWith(first.run_ref)
    await until(() => expect(volumes.showMask).toHaveBeenCalledTimes(1))
    expect(onEnded).toHaveBeenCalledTimes(2)
    expect(runs.view(first.run_ref).labels[0].voxels).toBe(7)
    expect(runs.isBusy).toBe(false)
  })

  it('pass their parameters to the job, and take a path on the server instead of sending', async () => {
    const client = fakeServer()
    const { runs } = start(client)
    runs.start(order({ params: { step: 0.75 }, serverPath: '/data/a.mrc', shapeZyx: [2, 3, 4] }))
    await until(() => expect(phases(runs)).toEqual(['completed']))
    expect(client.upload).not.toHaveBeenCalled()
    expect(client.createJob).toHaveBeenCalledWith(expect.objectContaining({ model: 'demo', params: { step: 0.75 } }))
    runs.start(order({ serverPath: '/data/b.mrc', shapeZyx: [9, 9, 9] }))
    await until(() => expect(runs.all[0].problem?.code).toBe('volumes_not_on_one_grid'))
  })

  it('of a batch go on two at a time; one that waits for its turn is canceled at once', async () => {
    const releases: (() => void)[] = []
    const upload = vi.fn(() => new Promise<typeof VOLUME>((resolve) => releases.push(() => resolve(VOLUME))))
    const { runs } = start(fakeServer({ upload }))
    const begun = [1, 2, 3, 4].map(() => runs.start(order({ batchRef: 'b', saveTo: folder })))
    await until(() => expect(upload).toHaveBeenCalledTimes(2))
    await runs.cancel(begun[3].run_ref)
    expect(runs.view(begun[3].run_ref).phase).toBe('canceled')
    for (const release of releases.splice(0)) release()
    await until(() => expect(upload).toHaveBeenCalledTimes(3))
    for (const release of releases.splice(0)) release()
    await until(() => expect(phases(runs)).toEqual(['canceled', 'completed', 'completed', 'completed']))
    const saved = runs.batch('b').map((run) => run.saved_as)
    expect(saved.slice(0, 3).sort()).toEqual(['a_mask-2.mrc', 'a_mask-3.mrc', 'a_mask.mrc'])
  })
})

describe('a job that was made elsewhere', () => {
  const adopted = (change: object = {}) => ({
    ...{ job: { ...job('running'), model: 'demo', params: {}, created_at: '2026-01-01T00:00:00Z' } as Job },
    ...{ volumeName: 'far.mrc', open: null, isRetry: false },
    ...change,
  })

  it('becomes a run that is followed to its mask, once', async () => {
    const client = fakeServer()
    const { runs } = start(client)
    const { run_ref } = runs.adopt(adopted())
    expect(runs.adopt(adopted()).run_ref).toBe(run_ref)
    await until(() => expect(runs.view(run_ref)).toMatchObject({ phase: 'completed', source: 'elsewhere' }))
    expect(client.createJob).not.toHaveBeenCalled()
    expect(runs.finishedMask(run_ref).file).toContain(run_ref)
  })

  it('is tried again where that was asked, and is laid over the open file once that is its volume', async () => {
    const client = fakeServer({ job: vi.fn(async () => job('failed')) })
    const { runs, volumes } = start(client)
    const volume = { volume_ref: 'open', mode0: null } as OpenedVolume
    await runs.volumeOpened(volume, file)
    const { run_ref } = runs.adopt(adopted({ isRetry: true }))
    await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
    expect(client.retryJob).toHaveBeenCalledTimes(1)
    expect(volumes.showMask).not.toHaveBeenCalled()
    runs.layOver(run_ref, { volume, file })
    await until(() => expect(volumes.showMask).toHaveBeenCalledTimes(1))
  })
})

describe('a run that stops for a while', () => {
  it('is paused while it uploads, and goes on with the same upload', async () => {
    const upload = vi
      .fn(async () => VOLUME)
      .mockImplementationOnce((...[, { signal }]: unknown[] & [unknown, { signal: AbortSignal }]) =>
        untilAborted(signal),
      )
    const { runs } = start(fakeServer({ upload }))
    const { run_ref } = runs.start(order())
    await until(() => expect(upload).toHaveBeenCalledTimes(1))
    runs.pause(run_ref)
    expect(runs.view(run_ref).phase).toBe('paused')
    expect(runs.isBusy).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(runs.view(run_ref).phase).toBe('paused')
    runs.resume(run_ref)
    await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
    expect(upload).toHaveBeenCalledTimes(2)
  })

  it('is canceled for good after it was paused and gone on with in one breath', async () => {
    const upload = vi.fn((_source: unknown, { signal }: { signal: AbortSignal }) => untilAborted(signal))
    const { runs } = start(fakeServer({ upload }))
    const { run_ref } = runs.start(order())
    await until(() => expect(upload).toHaveBeenCalledTimes(1))
    runs.pause(run_ref)
    runs.resume(run_ref)
    await until(() => expect(upload).toHaveBeenCalledTimes(2))
    await runs.cancel(run_ref)
    await until(() => expect(runs.view(run_ref).phase).toBe('canceled'))
  })

  it('waits when its server is lost after the job was made, and watches the same job again', async () => {
    const watchJob = vi.fn(async () => job('completed')).mockRejectedValueOnce(away())
    const client = fakeServer({ watchJob })
    const { runs } = start(client)
    const { run_ref } = runs.start(order())
    await until(() => expect(runs.view(run_ref)).toMatchObject({ phase: 'waiting' }))
    expect(runs.view(run_ref).problem?.code).toBe('server_unreachable')
    runs.resumeWaiting('http://another:1')
    expect(runs.view(run_ref).phase).toBe('waiting')
    runs.resumeWaiting('http://s:1')
    await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
    expect(client.createJob).toHaveBeenCalledTimes(1)
    expect(client.retryJob).not.toHaveBeenCalled()
  })

  it('waits when its token ends, with or without a job, and goes on once there is another', async () => {
    const ended = () => new DomainError('token_expired', { time: 'now' })
    const watchJob = vi.fn(async () => job('completed')).mockRejectedValueOnce(ended())
    const sent: UploadProgress = {
      phase: 'sending',
      sentBytes: 5,
      totalBytes: 9,
      bytesPerSecond: 1,
      secondsLeft: 4,
      isRetrying: false,
    }
    const upload = vi.fn(async (_source: unknown, { onProgress }: UploadOptions) => {
      if (upload.mock.calls.length > 1) return VOLUME
      onProgress?.(sent)
      throw ended()
    })
    const { runs } = start(fakeServer({ watchJob, upload }))
    const { run_ref } = runs.start(order())
    for (const _ of ['upload', 'watch']) {
      await until(() =>
        expect(runs.view(run_ref)).toMatchObject({ phase: 'waiting', problem: { code: 'token_expired' } }),
      )
      runs.resumeWaiting('http://s:1')
    }
    await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
  })

  it('fails when its server was never there; trying again begins anew', async () => {
    const info = vi.fn(async () => ({})).mockRejectedValueOnce(away())
    const { runs, onEnded } = start(fakeServer({ info }))
    const { run_ref } = runs.start(order())
    await until(() => expect(runs.view(run_ref).phase).toBe('failed'))
    expect(onEnded).toHaveBeenCalledTimes(1)
    runs.resume(run_ref)
    await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
  })

  it('has its failed job tried again on the server only when the user asks', async () => {
    const failed = { ...job('failed'), error: new DomainError('worker_lost', { reason: 'x' }).toEnvelope() }
    const watchJob = vi.fn(async () => job('completed')).mockResolvedValueOnce(failed)
    const client = fakeServer({ watchJob, job: vi.fn(async () => failed) })
    const { runs } = start(client)
    const { run_ref } = runs.start(order())
    await until(() => expect(runs.view(run_ref).problem?.code).toBe('worker_lost'))
    expect(client.retryJob).not.toHaveBeenCalled()
    runs.resume(run_ref)
    await until(() => expect(runs.view(run_ref).phase).toBe('completed'))
    expect(client.retryJob).toHaveBeenCalledTimes(1)
    expect(client.createJob).toHaveBeenCalledTimes(1)
  })
})

describe('the files of a finished job', () => {
  it('are listed once, for the mask and for all that is taken later', async () => {
    const client = fakeServer({
      artifacts: vi.fn(async () => [{ name: 'mask.mrc' }, { name: 'candidate.nrrd' }, { name: 'provenance.json' }]),
    })
    const { runs } = start(client)
    const { run_ref } = runs.start(order())
    await until(() => expect(phases(runs)).toEqual(['completed']))
    const named = async (...names: string[]) => (await runs.artifact(run_ref, ...names)).artifact.name
    expect(await Promise.all([named('candidate.mrc', 'candidate.nrrd'), named('provenance.json')])).toEqual([
      'candidate.nrrd',
      'provenance.json',
    ])
    expect(client.artifacts).toHaveBeenCalledTimes(1)
  })

  it('are listed again for one that was made since, or where the list was not to be had', async () => {
    const artifacts = vi.fn(async () => [{ name: 'mask.mrc' }])
    const { runs } = start(fakeServer({ artifacts }))
    const { run_ref } = runs.start(order())
    await until(() => expect(phases(runs)).toEqual(['completed']))
    artifacts.mockRejectedValueOnce(away())
    await expect(runs.artifact(run_ref, 'mask.nrrd')).rejects.toMatchObject({ code: 'server_unreachable' })
    await expect(runs.artifact(run_ref, 'mask.nrrd')).rejects.toMatchObject({ code: 'artifact_not_found' })
    artifacts.mockResolvedValueOnce([{ name: 'mask.nrrd' }])
    expect((await runs.artifact(run_ref, 'mask.nrrd')).artifact.name).toBe('mask.nrrd')
  })
})

describe('runs at the next start', () => {
  it('are found again: a job that went on is fetched, a mask that is here is kept, an upload goes on', async () => {
    const watchJob = vi.fn((_id: string, { signal }: { signal: AbortSignal }) => untilAborted(signal))
    const first = start(fakeServer())
    const done = first.runs.start(order())
    await until(() => expect(phases(first.runs)).toEqual(['completed']))
    first.runs.stop()

    const second = start(fakeServer({ watchJob }))
    const going = second.runs.start(order())
    await until(() => expect(watchJob).toHaveBeenCalledTimes(1))
    second.runs.stop()

    const client = fakeServer()
    const { runs } = start(client)
    expect(runs.view(done.run_ref).phase).toBe('completed')
    expect(runs.finishedMask(done.run_ref).file).toContain(done.run_ref)
    expect(runs.view(going.run_ref)).toMatchObject({ phase: 'waiting', problem: { code: 'run_interrupted' } })
    runs.resumeWaiting()
    await until(() => expect(runs.view(going.run_ref).phase).toBe('completed'))
    expect(client.createJob).not.toHaveBeenCalled()
    expect(client.upload).not.toHaveBeenCalled()
  })

  it('wait again when their server is not there, and are none when the file is damaged', async () => {
    const upload = vi.fn((_source: unknown, { signal }: { signal: AbortSignal }) => untilAborted(signal))
    const before = start(fakeServer({ upload }))
    const { run_ref } = before.runs.start(order())
    await until(() => expect(upload).toHaveBeenCalledTimes(1))
    before.runs.stop()
    const { runs } = start(fakeServer({ info: async () => Promise.reject(away()) }))
    runs.resumeWaiting()
    await until(() => expect(runs.view(run_ref).problem?.code).toBe('server_unreachable'))
    expect(runs.view(run_ref).phase).toBe('waiting')
    writeFileSync(path.join(folder, 'runs.json'), '{"oh":')
    expect(start(fakeServer()).runs.all).toEqual([])
  })

  it('are gone with their mask once they were removed', async () => {
    const { runs } = start(fakeServer())
    const { run_ref } = runs.start(order())
    await until(() => expect(phases(runs)).toEqual(['completed']))
    await runs.dismiss(run_ref)
    expect(runs.all).toEqual([])
    expect(() => runs.finishedMask(run_ref)).toThrow(expect.objectContaining({ code: 'run_not_found' }))
    expect(start(fakeServer()).runs.all).toEqual([])
  })
})
