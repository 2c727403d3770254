import { describe, expect, it } from 'vitest'
import { deviceSlots } from '../devices/device-slots.ts'
import { JobQueue } from './job-queue.ts'
import type { JobRecord } from './job-repository.ts'
import type { TileSpeed } from './queue-repository.ts'

const waiting = (jobId: string) =>
  ({ jobId, owner: 'anna', state: 'queued', priority: 0, tilesTotal: 8, effectiveParams: null }) as JobRecord

function makeQueue(records: JobRecord[], config: object = {}, speeds: TileSpeed[] = [], saved: TileSpeed[] = []) {
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
      speeds: async () => speeds,
      uses: async () => [],
      saveSpeed: async (speed) => void saved.push(speed),
      saveUse: async () => undefined,
    },
    config: { devices: [], jobsPerUser: 0, fairShareHours: 24, ...config },
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

describe('with two devices and one job for each user', () => {
  const effectiveParams = { patch_zyx: [8, 8, 8], mirror_axes: [] } as unknown as JobRecord['effectiveParams']
  const measured = { model: 'unet', modelVersion: '1', effectiveParams, tilesTotal: 80 }
  const running: Partial<JobRecord> = { state: 'running', device: 'cpu', startedAt: new Date(0).toISOString() }
  const records = () => [
    { ...waiting('a'), ...measured, ...running },
    { ...waiting('b'), ...measured },
    { ...waiting('c'), ...measured, owner: 'ben' },
  ]
  const config = { devices: deviceSlots(['cpu', 'cuda:0'], {}), jobsPerUser: 1 }
  const speedOf = (device: string) => ({ model: 'unet@1', device, patch: '8x8x8/0', tilesPerSecond: 2 })

  it('the second of a user starts when the first ends, after the job of another who waits for nothing', async () => {
    const { queue } = makeQueue(records(), config, ['cpu', 'cuda:0'].map(speedOf))
    expect([...(await queue.places())]).toEqual([
      ['c', { queue_position: 1, estimated_start: new Date(0).toISOString() }],
      ['b', { queue_position: 2, estimated_start: new Date(40_000).toISOString() }],
    ])
    expect((await queue.next(() => true))?.jobId).toBe('c')
  })

  it('takes the speed with as many tiles at once, or with another number of them', async () => {
    const together = { ...effectiveParams, batch: 4 } as JobRecord['effectiveParams']
    const startOf = async (jobParams: JobRecord['effectiveParams'], speeds: TileSpeed[]) => {
      const jobs = records().map((job) => ({ ...job, effectiveParams: jobParams }))
      return (await makeQueue(jobs, config, speeds).queue.places()).get('b')?.estimated_start
    }
    const one = ['cpu', 'cuda:0'].map(speedOf)
    const four = one.map((speed) => ({ ...speed, patch: '8x8x8/0/4', tilesPerSecond: 8 }))
    const inSeconds = (seconds: number) => new Date(seconds * 1000).toISOString()
    expect(await startOf(effectiveParams, [...four, ...one])).toBe(inSeconds(40))
    expect(await startOf(together, [...one, ...four])).toBe(inSeconds(10))
    expect(await startOf(together, one)).toBe(inSeconds(40))
    expect(await startOf(effectiveParams, four)).toBe(inSeconds(10))
  })

  it('is measured with its tiles at once', async () => {
    const saved: TileSpeed[] = []
    const { queue } = makeQueue([], config, [], saved)
    const [job] = records()
    await queue.measured(
      { ...job, effectiveParams: { ...effectiveParams, batch: 4 } as JobRecord['effectiveParams'] },
      10,
    )
    expect(saved).toEqual([{ ...speedOf('cpu'), patch: '8x8x8/0/4', tilesPerSecond: 8 }])
  })

  it('has a place also where no time is known', async () => {
    const { queue } = makeQueue(records(), config)
    expect([...(await queue.places())]).toEqual([
      ['c', { queue_position: 1, estimated_start: new Date(0).toISOString() }],
      ['b', { queue_position: 2, estimated_start: null }],
    ])
  })
})
