import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { DomainError } from '../../shared/errors/domain-error.ts'
import type { FromWorker } from '../inference/messages.ts'
import type { JobService } from './job-service.ts'
import { Postprocessor } from './postprocessor.ts'
import type { WorkerLauncher } from './worker-launcher.ts'

/** Workers that answer when they are told to. */
function heldLauncher() {
  const answer: ((message: FromWorker) => void)[] = []
  const killed: number[] = []
  let numLaunched = 0
  const launcher: WorkerLauncher = {
    launch: async () => {
      const index = numLaunched++
      return {
        send: () => undefined,
        onMessage: (listener) => void answer.push(listener),
        onExit: () => undefined,
        kill: () => void killed.push(index),
      }
    },
  }
  return { answer, killed, launcher }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'cryomamba-postprocess-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HEADER = { shapeZyx: [3, 5, 7] }

/** Finished jobs of `owner` with nothing in them, as far as the postprocessor looks. */
function jobs(limits: object = { hangSeconds: 900, jobHours: 0 }, others: readonly string[] = []) {
  const findOwn = async (owner: string, jobId: string) => {
    if (owner !== 'owner') throw new DomainError('job_not_found', { jobId })
    return { jobId, state: 'completed', attempt: 1, volumeId: 'v' }
  }
  return {
    needs: {
      jobs: {
        artifacts: async () => ['probability.mrc', ...others].map((name) => ({ name })),
        replaceArtifacts: async () => undefined,
      },
      volumes: { get: async () => ({ path: 'v.mrc', filename: 'v.mrc', sha256: '', mode0: null, header: HEADER }) },
      config: limits,
    },
    findOwn,
    moves: { attemptFolder: () => folder },
    quota: { admit: (_owner: string, _bytes: number, take: () => Promise<void>) => take() },
  } as unknown as JobService
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))
/** Of the files that are made for a threshold of 0.5. */
const NAME = 'postprocessed_78223d46fdb1'
const OUTCOME: FromWorker = { type: 'postprocessed', outcome: { labels: {}, maskSha256: 'ab', artifacts: [] } }

it('runs two workers at once, the others in their turn, also after one that failed', async () => {
  const { answer, launcher } = heldLauncher()
  const postprocessor = new Postprocessor(jobs(), launcher)
  const made = ['a', 'b', 'c', 'd'].map((jobId) => postprocessor.make('owner', jobId, { threshold: 0.5 }))
  for (const one of made) one.catch(() => undefined)
  await settle()
  expect(answer).toHaveLength(2)
  answer[0]({ type: 'failed', error: { code: 'disk_full', message: 'full', hint: '', retryable: true } })
  await expect(made[0]).rejects.toMatchObject({ code: 'disk_full' })
  await settle()
  expect(answer).toHaveLength(3)
  answer[1](OUTCOME)
  answer[2](OUTCOME)
  await settle()
  expect(answer).toHaveLength(4)
  answer[3](OUTCOME)
  expect((await Promise.all(made.slice(1))).map(({ maskSha256 }) => maskSha256)).toEqual(['ab', 'ab', 'ab'])
})

it('gives one mask to all who ask for the same while it is made, and to nobody else', async () => {
  const { answer, launcher } = heldLauncher()
  const postprocessor = new Postprocessor(jobs(), launcher)
  const twice = [1, 2].map(() => postprocessor.make('owner', 'a', { threshold: 0.5 }))
  const other = postprocessor.make('owner', 'a', { threshold: 0.6 })
  await expect(postprocessor.make('stranger', 'a', { threshold: 0.5 })).rejects.toMatchObject({ code: 'job_not_found' })
  await settle()
  expect(answer).toHaveLength(1)
  answer[0](OUTCOME)
  expect((await Promise.all(twice)).map(({ maskSha256 }) => maskSha256)).toEqual(['ab', 'ab'])
  await settle()
  // Another mask of the same job waits for the first.
  expect(answer).toHaveLength(2)
  answer[1](OUTCOME)
  await other
})

it('gives what was made for the same wish before, without a worker', async () => {
  const { answer, launcher } = heldLauncher()
  const report = { labels: { 1: 7 }, mask_sha256: 'cd' }
  writeFileSync(path.join(folder, `${NAME}.json`), JSON.stringify(report))
  const postprocessor = new Postprocessor(jobs(undefined, [`${NAME}.json`, `${NAME}.mrc`]), launcher)
  const made = await postprocessor.make('owner', 'a', { threshold: 0.5 })
  expect(made).toMatchObject({ labels: { 1: 7 }, maskSha256: 'cd', artifacts: [{}, {}] })
  expect(answer).toEqual([])
})

it('ends workers that say nothing, gives their places free, and leaves no half file', async () => {
  const { answer, killed, launcher } = heldLauncher()
  const postprocessor = new Postprocessor(jobs({ hangSeconds: 0.2, jobHours: 0 }), launcher)
  const hung = ['a', 'b'].map((jobId) => postprocessor.make('owner', jobId, { threshold: 0.5 }))
  const next = postprocessor.make('owner', 'c', { threshold: 0.5 })
  writeFileSync(path.join(folder, `${NAME}.raw.partial`), 'half')
  const ended = Promise.allSettled(hung)
  await vi.waitFor(() => expect(answer).toHaveLength(3), { interval: 5 })
  answer[2](OUTCOME)
  expect((await next).maskSha256).toBe('ab')
  const problem = { code: 'worker_lost', retryable: true, message: expect.stringContaining('no sign of life') }
  expect(await ended).toMatchObject([{ reason: problem }, { reason: problem }])
  expect(killed).toEqual([0, 1])
  expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([])
})

it('ends a worker that lives and never comes to an end, with the limit of jobs', async () => {
  const { answer, killed, launcher } = heldLauncher()
  const postprocessor = new Postprocessor(jobs({ hangSeconds: 0.2, jobHours: 0.5 / 3600 }), launcher)
  const endless = postprocessor.make('owner', 'a', { threshold: 0.5 })
  const pulse = setInterval(() => answer[0]?.({ type: 'alive' }), 20)
  await expect(endless).rejects.toMatchObject({
    code: 'job_time_limit',
    message: expect.stringContaining('other mask'),
  })
  clearInterval(pulse)
  expect(killed).toEqual([0])
})
