import { expect, it } from 'vitest'
import type { JobDescription } from './messages.ts'
import { runInThread } from './run-in-thread.ts'
import type { RunDependencies } from './run-job.ts'
import { stopReason } from './stop-reason.ts'

it('a job that is stopped before its thread begins touches nothing that an earlier attempt left', async () => {
  const stop = new AbortController()
  stop.abort(stopReason(true))
  const events = { progress: () => undefined, preview: () => undefined }
  const begun = () => runInThread({} as JobDescription, events, {} as RunDependencies, stop.signal)
  await expect(begun()).rejects.toMatchObject({ code: 'canceled' })
})
