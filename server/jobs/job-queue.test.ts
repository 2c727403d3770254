import { describe, expect, it } from 'vitest'
import { JobQueue } from './job-queue.ts'
import type { JobRecord } from './job-repository.ts'

const waiting = (jobId: string) =>
  ({ jobId, owner: 'anna', state: 'queued', priority: 0, tilesTotal: 8, effectiveParams: null }) as JobRecord

function makeQueue(records: JobRecord[]) {
  let reads = 0
  const queue = new JobQueue({
    jobs: {
      withState: async () => {
        reads++
        const now = [...records]
        await new Promise((resolve) => setTimeout(resolve, 20))
        return now
      },
    },
    memory: {
      speeds: async () => [],
      uses: async () => [],
      saveSpeed: async () => undefined,
      saveUse: async () => undefined,
    },
    config: { devices: [], jobsPerUser: 0, fairShareHours: 24 },
    liveProgress: () => null,
    nowMs: () => 0,
  })
  return { queue, numReads: () => reads }
}

describe('the places of the queue', () => {
  it('are read once for all who ask in the same tick', async () => {
    const { queue, numReads } = makeQueue([waiting('a')])
    const found = await Promise.all(Array.from({ length: 200 }, () => queue.places()))
    expect(numReads()).toBe(1)
    expect(found.every((places) => places.get('a')?.queue_position === 1)).toBe(true)
  })

  it('are read again for whoever asks while they are read, so that a new job has its place', async () => {
    const records = [waiting('a')]
    const { queue, numReads } = makeQueue(records)
    const first = queue.places()
    await new Promise((resolve) => setTimeout(resolve, 10))
    records.push(waiting('b'))
    const later = await Promise.all([queue.places(), queue.places()])
    expect((await first).has('b')).toBe(false)
    expect(later.map((places) => places.get('b')?.queue_position)).toEqual([2, 2])
    expect(numReads()).toBe(2)
  })
})
