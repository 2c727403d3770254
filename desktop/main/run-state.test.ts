import { describe, expect, it } from 'vitest'
import type { Job } from '../../shared/contract/jobs.ts'
import type { ModelSummary } from '../../shared/contract/models.ts'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { withLog } from './run-log.ts'
import { hasEnded, isGoing, nextRun, type RunEvent, startedRun } from './run-state.ts'

const model = {
  id: 'demo',
  name: 'Demo',
  labels: [
    { value: 0, name: 'background', color: '#000000' },
    { value: 3, name: 'membrane', color: '#00ff00' },
  ],
} as ModelSummary

const progress = {
  tiles_done: 1,
  tiles_total: 4,
  tiles_per_second: 2,
  seconds_left: 1.5,
  queue_position: null,
  estimated_start: null,
}

function job(change: Partial<Job>): Job {
  return { state: 'queued', attempt: 1, progress, warnings: [], result: null, error: null, ...change } as Job
}

function runAfter(...events: RunEvent[]) {
  const start = startedRun({
    runRef: 'r',
    volumeRef: 'v',
    volumeName: 'a.mrc',
    model,
    serverName: 'here',
    serverUrl: null,
    source: 'file',
    params: {},
    batchRef: null,
    createdAt: '',
  })
  return events.reduce(nextRun, start)
}

const envelope = { seq: 1, job_id: 'j', time: '' }
const told = (state: Job['state'], attempt: number): RunEvent => ({
  type: 'frame',
  frame: { ...envelope, type: 'state', data: { state, attempt } },
})
const failed: RunEvent = { type: 'failed', problem: new DomainError('worker_lost', { reason: 'x' }).toEnvelope() }

describe('nextRun', () => {
  it('no longer pauses where another attempt has begun, as after a crash of the server', () => {
    const pausing: RunEvent = { type: 'pausing', isAsked: true }
    expect(runAfter(told('running', 1), pausing, told('previewing', 1)).is_pausing).toBe(true)
    for (const state of ['queued', 'running'] as const)
      expect(runAfter(told('running', 1), pausing, told(state, 2)).is_pausing).toBe(false)
  })

  it('waits for the end of a job that is canceled while it is paused', () => {
    const canceling = runAfter(told('running', 1), { type: 'canceling' }, told('paused', 1))
    expect(canceling).toMatchObject({ phase: 'running', is_canceling: true })
    expect(isGoing(canceling)).toBe(true)
    expect(nextRun(canceling, { type: 'canceled' }).phase).toBe('canceled')
  })

  it('begins with the labels of the model, without background and without counts', () => {
    expect(runAfter().labels).toEqual([{ value: 3, name: 'membrane', color: '#00ff00', voxels: null }])
  })

  it('goes from upload to queue to running to the mask', () => {
    const upload = {
      phase: 'sending',
      sentBytes: 5,
      totalBytes: 10,
      bytesPerSecond: 1,
      secondsLeft: 5,
      isRetrying: false,
    } as const
    expect(runAfter({ type: 'upload', progress: upload }).phase).toBe('uploading')
    expect(runAfter({ type: 'upload', progress: { ...upload, isRetrying: true } }).upload?.is_retrying).toBe(true)
    expect(runAfter({ type: 'job', job: job({}) }).phase).toBe('queued')
    const running: RunEvent = {
      type: 'frame',
      frame: { ...envelope, type: 'state', data: { state: 'running', attempt: 1 } },
    }
    expect(runAfter(running).phase).toBe('running')
    const done = job({ state: 'completed', result: { labels: { 0: 90, 3: 10 } } as unknown as Job['result'] })
    const completed = runAfter(running, { type: 'fetching', job: done }, { type: 'completed' })
    expect(completed).toMatchObject({ phase: 'completed', coverage: 1, labels: [{ value: 3, voxels: 10 }] })
  })

  it('counts a label that the mask does not hold as no voxels', () => {
    const done = job({ state: 'completed', result: { labels: { 0: 100 } } as unknown as Job['result'] })
    expect(runAfter({ type: 'fetching', job: done }).labels[0].voxels).toBe(0)
  })

  it('begins the previews anew when a lost worker makes another attempt', () => {
    const header = { coverage: 0.5 } as Extract<RunEvent, { type: 'preview' }>['header']
    const second: RunEvent = {
      type: 'frame',
      frame: { ...envelope, type: 'state', data: { state: 'queued', attempt: 2 } },
    }
    expect(runAfter({ type: 'preview', header }, second)).toMatchObject({
      phase: 'queued',
      attempt: 2,
      num_previews: 0,
      coverage: 0,
    })
  })

  it('does not change any more once it has ended', () => {
    for (const end of [failed, { type: 'canceled' }, { type: 'completed' }] as RunEvent[]) {
      const ended = runAfter(end)
      expect(hasEnded(ended)).toBe(true)
      expect(nextRun(ended, { type: 'job', job: job({}) })).toBe(ended)
      expect(nextRun(ended, failed)).toBe(ended)
    }
  })

  it('stays paused whatever comes late from the upload that was stopped', () => {
    const paused = runAfter({ type: 'paused' })
    const progress = { phase: 'sending', sentBytes: 1, totalBytes: 2, bytesPerSecond: null, secondsLeft: null } as const
    expect(nextRun(paused, { type: 'upload', progress: { ...progress, isRetrying: false } })).toBe(paused)
    expect(nextRun(paused, { type: 'job', job: job({}) })).toBe(paused)
    expect(nextRun(paused, { type: 'canceled' }).phase).toBe('canceled')
  })

  it('forgets that it was being canceled when it ends', () => {
    expect(runAfter({ type: 'canceling' }, { type: 'canceled' }).is_canceling).toBe(false)
    expect(runAfter({ type: 'canceling' }, failed)).toMatchObject({ is_canceling: false, phase: 'failed' })
  })

  it('goes on from a pause, a wait, a failure and a cancel, without anything of before; never from a mask', () => {
    const problem = new DomainError('server_unreachable', { url: 'u', reason: 'x' }).toEnvelope()
    const begun: RunEvent[] = [{ type: 'job', job: job({}) }]
    for (const stop of [{ type: 'paused' }, { type: 'waiting', problem }, failed, { type: 'canceled' }] as RunEvent[]) {
      const stopped = runAfter(...begun, stop)
      expect(isGoing(stopped)).toBe(false)
      expect(nextRun(stopped, { type: 'taken_up' })).toMatchObject({
        phase: 'preparing',
        problem: null,
        progress: null,
      })
    }
    const completed = runAfter({ type: 'completed' })
    expect(nextRun(completed, { type: 'taken_up' })).toBe(completed)
    const running = runAfter(...begun)
    expect(nextRun(running, { type: 'taken_up' })).toBe(running)
  })

  it('tells what happened, once each, and keeps the newest lines', () => {
    const waiting = runAfter({ type: 'job', job: job({}) })
    expect(withLog(runAfter(), waiting, 't').log).toEqual([{ time: 't', text: 'Waits in the queue of here.' }])
    expect(withLog(waiting, { ...waiting, coverage: 0.5 }, 't').log).toEqual([])
    let run = waiting
    for (let i = 0; i < 120; i++) run = withLog(run, { ...run, is_connection_lost: i % 2 === 0 }, String(i))
    expect(run.log).toHaveLength(50)
    expect(run.log[49]).toEqual({ time: '119', text: 'The connection is back.' })
  })
})
