import { expect, it, vi } from 'vitest'
import type { Connection } from '../../../shared/contract/bridge.ts'
import { createDesktopStore } from '../state/store.ts'
import type { BridgeClient } from './bridge-client.ts'
import { RunActions } from './run-actions.ts'

it('looks at more jobs of a server from the moment that older ones are asked for, and at fewer of another', async () => {
  const store = createDesktopStore()
  const asked: unknown[] = []
  const request = vi.fn(async (channel: string, input: unknown) => {
    asked.push([channel, input])
    return { jobs: [], has_older: true }
  })
  const bridge = { request } as unknown as BridgeClient
  const runs = new RunActions({ store, bridge, attempt: async (work) => void (await work()) })
  const connect = (url: string) =>
    store.getState().connected({ kind: 'server', url, models: [] } as unknown as Connection)
  connect('http://a:1')
  await runs.lookElsewhere()
  await runs.lookFurther()
  await runs.lookElsewhere()
  connect('http://b:1')
  await runs.lookElsewhere()
  expect(asked).toEqual([50, 100, 100, 50].map((most_jobs) => ['run.elsewhere', { most_jobs }]))
  expect(store.getState().otherJobs).toEqual({ jobs: [], has_older: true })
})
