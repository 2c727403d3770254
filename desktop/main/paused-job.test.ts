import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeServer, job, startRuns, until } from '../../build/test-support/fake-runs.ts'
import { mrcBytes } from '../../build/test-support/mrc-bytes.ts'
import type { WatchOptions } from '../../shared/client/api.ts'
import type { Job } from '../../shared/contract/jobs.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-paused-'))
  file = path.join(folder, 'a.mrc')
  writeFileSync(file, mrcBytes({ body: new Uint8Array(2 * 7 * 5 * 3) }))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A server whose job goes on until the test says something of it, or nobody watches any more. */
function watchedServer(change: object = {}) {
  let tell: (state: Job['state']) => void = () => undefined
  const watchJob = vi
    .fn(async () => job('completed'))
    .mockImplementationOnce(((_id: string, { signal, onFrame }: WatchOptions) => {
      tell = (state) => onFrame?.({ type: 'state', seq: 1, data: { state, attempt: 1 } } as never)
      tell('running')
      return new Promise((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(new DomainError('canceled')), { once: true }),
      )
    }) as never)
  return { client: fakeServer({ watchJob, ...change }), tell: (state: Job['state']) => tell(state) }
}

async function startRunning(server: ReturnType<typeof watchedServer>) {
  const started = startRuns(server.client, folder)
  const { run_ref: ref } = started.runs.start({
    ...{ volumeRef: 'open', volumeName: 'a.mrc', file, mode0: null, serverPath: null, modelId: 'demo', params: {} },
    ...{ shapeZyx: null, batchRef: null, saveTo: null },
  })
  await until(() => expect(started.runs.view(ref).phase).toBe('running'))
  return { ...started, ref }
}

describe('a job that is paused', () => {
  it('is said to pause until its tile is done, and goes on as the next attempt', async () => {
    const server = watchedServer()
    const { runs, ref } = await startRunning(server)
    await runs.pause(ref)
    expect(server.client.pauseJob).toHaveBeenCalledWith('j1')
    expect(runs.view(ref)).toMatchObject({ phase: 'running', is_pausing: true })
    server.tell('paused')
    expect(runs.view(ref)).toMatchObject({ phase: 'paused', is_pausing: false })
    expect(runs.isBusy).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(runs.view(ref).phase).toBe('paused')

    server.client.job.mockResolvedValue(job('paused'))
    runs.resume(ref)
    await until(() => expect(runs.view(ref).phase).toBe('completed'))
    expect(server.client.resumeJob).toHaveBeenCalledWith('j1')
    expect(server.client.retryJob).not.toHaveBeenCalled()
    expect(server.client.createJob).toHaveBeenCalledTimes(1)
  })

  it('is not paused again by what the server tells once more of the attempt before', async () => {
    const server = watchedServer()
    const { runs, ref } = await startRunning(server)
    server.tell('paused')
    server.client.job.mockResolvedValue(job('paused'))
    let end: (job: Job) => void = () => undefined
    server.client.watchJob.mockImplementationOnce(((_id: string, { onFrame }: WatchOptions) => {
      for (const state of ['running', 'paused'])
        onFrame?.({ type: 'state', seq: 1, data: { state, attempt: 1 } } as never)
      return new Promise((resolve) => {
        end = resolve
      })
    }) as never)
    runs.resume(ref)
    await until(() => expect(server.client.watchJob).toHaveBeenCalledTimes(2))
    expect(runs.view(ref)).toMatchObject({ phase: 'queued', attempt: 2 })
    end(job('completed'))
    await until(() => expect(runs.view(ref).phase).toBe('completed'))
  })

  it('is paused at once where it still waited on the queue', async () => {
    const server = watchedServer({ pauseJob: vi.fn(async () => job('paused')) })
    const { runs, ref } = await startRunning(server)
    await runs.pause(ref)
    expect(runs.view(ref).phase).toBe('paused')
  })

  it('that was paused elsewhere is seen, and is not resumed by looking at it', async () => {
    const server = watchedServer()
    const { runs, ref } = await startRunning(server)
    server.tell('paused')
    expect(runs.view(ref).phase).toBe('paused')
    runs.resumeWaiting()
    expect(server.client.resumeJob).not.toHaveBeenCalled()
  })

  it('is canceled on its server', async () => {
    const server = watchedServer()
    const { runs, ref } = await startRunning(server)
    server.tell('paused')
    await runs.cancel(ref)
    expect(runs.view(ref).phase).toBe('canceled')
    expect(server.client.cancelJob).toHaveBeenCalledWith('j1')
  })

  it.each([
    ['job_state', false],
    ['route_not_found', true],
  ] as const)('goes on where the server refuses with %s', async (code, isTold) => {
    const problem = new DomainError(code, { state: 'completed', action: 'pausing', method: 'POST', path: '/' } as never)
    const server = watchedServer({ pauseJob: vi.fn(() => Promise.reject(problem)) })
    const { runs, ref } = await startRunning(server)
    const pausing = runs.pause(ref)
    if (isTold) await expect(pausing).rejects.toMatchObject({ code })
    else await pausing
    expect(runs.view(ref)).toMatchObject({ phase: 'running', is_pausing: false })
  })

  it('stays paused over a start of the program', async () => {
    const server = watchedServer()
    const { runs, ref } = await startRunning(server)
    server.tell('paused')
    runs.stop()
    const next = startRuns(server.client, folder).runs
    expect(next.view(ref).phase).toBe('paused')
    next.resumeWaiting()
    server.client.job.mockResolvedValue(job('paused'))
    next.resume(ref)
    await until(() => expect(next.view(ref).phase).toBe('completed'))
    expect(server.client.resumeJob).toHaveBeenCalledTimes(1)
  })
})
