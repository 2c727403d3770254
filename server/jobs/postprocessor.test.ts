import { expect, it } from 'vitest'
import type { FromWorker } from '../inference/messages.ts'
import type { JobService } from './job-service.ts'
import { Postprocessor } from './postprocessor.ts'
import type { WorkerLauncher } from './worker-launcher.ts'

/** Workers that answer when they are told to. */
function heldLauncher() {
  const answer: ((message: FromWorker) => void)[] = []
  const launcher: WorkerLauncher = {
    launch: async () => ({
      send: () => undefined,
      onMessage: (listener) => void answer.push(listener),
      onExit: () => undefined,
      kill: () => undefined,
    }),
  }
  return { answer, launcher }
}

/** Finished jobs with nothing in them, as far as the postprocessor looks. */
const service = {
  needs: {
    jobs: {
      artifacts: async () => [{ name: 'probability.mrc' }],
      replaceArtifacts: async () => undefined,
    },
    volumes: { get: async () => ({ path: 'v.mrc', filename: 'v.mrc', sha256: '', mode0: null }) },
  },
  findOwn: async (_owner: string, jobId: string) => ({ jobId, state: 'completed', attempt: 1, volumeId: 'v' }),
  moves: { attemptFolder: () => '/nowhere' },
} as unknown as JobService

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))
const OUTCOME: FromWorker = { type: 'postprocessed', outcome: { labels: {}, maskSha256: 'ab', artifacts: [] } }

it('runs two workers at once, the others in their turn, also after one that failed', async () => {
  const { answer, launcher } = heldLauncher()
  const postprocessor = new Postprocessor(service, launcher)
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
