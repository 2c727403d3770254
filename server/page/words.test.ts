import { expect, it } from 'vitest'
import type { JobStatus } from '../../shared/contract/operation.ts'
import { jobState } from './words.ts'

it.each([
  ['queued', { queue_position: 2 }, 'queued (2), attempt 3'],
  ['running', {}, 'running on cuda:0, attempt 3'],
  ['paused', {}, 'paused by its user, attempt 3'],
] as const)('a job that is %s is said to be', (state, progress, text) => {
  const job = { state, progress, attempt: 3, device: state === 'running' ? 'cuda:0' : null }
  expect(jobState(job as unknown as JobStatus)).toBe(text)
})
