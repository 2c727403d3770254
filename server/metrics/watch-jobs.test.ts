import { expect, it, vi } from 'vitest'
import type { LiveFrame } from '../../shared/contract/live.ts'
import type { ServerMetrics } from './server-metrics.ts'
import { jobFigures } from './watch-jobs.ts'

it('tiles that an earlier attempt left are not counted as run', () => {
  const tilesDone = vi.fn()
  const figures = jobFigures({ tilesDone } as unknown as ServerMetrics, { find: async () => null })
  const tell = (type: string, data: object) => figures({ type, seq: 1, job_id: 'j', data } as unknown as LiveFrame)
  const progress = (done: number, speed: number | null) =>
    tell('progress', { tiles_done: done, tiles_per_second: speed, tiles_total: 60, seconds_left: null })
  for (const [attempt, from] of [0, 24].entries()) {
    tell('state', { state: 'queued', attempt })
    progress(0, null)
    tell('state', { state: 'running', attempt })
    progress(from, null)
    progress(from + 10, 2)
    tell('state', { state: 'previewing', attempt })
    progress(from + 12, 2)
    tell('state', { state: 'paused', attempt })
  }
  expect(tilesDone.mock.calls.reduce((sum, [count]) => sum + count, 0)).toBe(24)
})
