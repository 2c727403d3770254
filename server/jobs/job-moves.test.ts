import { expect, it, vi } from 'vitest'
import { JobMoves, type JobMovesNeeds } from './job-moves.ts'
import type { JobRecord } from './job-repository.ts'

vi.mock('./attempt-folders.ts', async (original) => ({
  ...(await original<typeof import('./attempt-folders.ts')>()),
  keepPlanes: async () => {
    throw Object.assign(new Error('somebody has it open'), { code: 'EBUSY' })
  },
}))

function movesThatAreRecorded() {
  const publish = vi.fn(() => ({}))
  const jobs = { move: async () => true, addEvent: async () => undefined }
  const config = { dataFolder: '/nowhere' }
  const moves = new JobMoves({ jobs, events: { publish }, config, queueMemory: {} } as unknown as JobMovesNeeds)
  return { moves, publish }
}

it('a job whose old files cannot be removed is queued and told of all the same', async () => {
  const { moves, publish } = movesThatAreRecorded()
  const onQueued = vi.fn()
  moves.onQueued = onQueued
  expect(await moves.requeue({ jobId: 'j', attempt: 1 } as JobRecord)).toBe(true)
  expect(publish).toHaveBeenCalledWith('j', { type: 'state', data: { state: 'queued', attempt: 2 } })
  expect(onQueued).toHaveBeenCalled()
})

it('a job whose old files cannot be removed is paused all the same', async () => {
  expect(await movesThatAreRecorded().moves.pause('j', 1)).toBe(true)
})
