import { expect, it } from 'vitest'
import type { OtherJob } from '../../../../shared/contract/other-jobs.ts'
import { jobText } from './other-job-text.ts'

const progress = {
  ...{ tiles_done: 0, tiles_total: 0, tiles_per_second: null, seconds_left: null },
  ...{ queue_position: null, estimated_start: null },
}
const text = (job: Partial<OtherJob>) => jobText({ progress, error: null, ...job } as OtherJob)

it('says how a job stands', () => {
  expect(text({ state: 'queued', progress: { ...progress, queue_position: 1 } })).toBe('In the queue, next')
  expect(text({ state: 'queued', progress: { ...progress, queue_position: 3 } })).toBe('In the queue, number 3')
  expect(text({ state: 'running' })).toBe('Running')
  expect(text({ state: 'previewing', progress: { ...progress, tiles_done: 2, tiles_total: 8 } })).toBe('Running, 25 %')
  const error = { code: 'worker_lost', message: 'The worker was lost.', hint: '', retryable: true }
  expect(text({ state: 'failed', error })).toBe('The worker was lost.')
})
