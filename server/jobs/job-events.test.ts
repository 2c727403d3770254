import { describe, expect, it } from 'vitest'
import { base64TextOf, JobEvents, type LiveEvent, textOf } from './job-events.ts'

describe('an event', () => {
  it('is made into text once, for all who watch and for those who come back', () => {
    const events = new JobEvents(() => 1000)
    const got: LiveEvent[] = []
    for (let i = 0; i < 3; i++) events.subscribe('job', (event) => got.push(event))
    const frame = events.publish('job', { type: 'state', data: { state: 'running', attempt: 1 } })
    got.push(...events.since('job', 0))
    expect(got).toHaveLength(4)
    expect(new Set(got.map(textOf)).size).toBe(1)
    expect(JSON.parse(Buffer.from(textOf(got[0])).toString())).toEqual(frame)
  })

  it('carries the voxels of a preview in its text only where that is asked for', () => {
    const events = new JobEvents(() => 1000)
    const data = {
      stage: 'final_planes',
      factor: 4,
      dtype: 'uint8',
      ...{ encoding: 'gzip' as const, labels: [], coverage: 1, rule: 'bold_quarter' as const },
    } as const
    events.publish(
      'job',
      { type: 'preview', data: { ...data, shape_zyx: [1, 1, 3], source_shape_zyx: [4, 4, 12] } },
      Uint8Array.of(1, 2, 3),
    )
    const [event] = events.since('job', 0)
    const parsed = (text: Uint8Array) => JSON.parse(Buffer.from(text).toString())
    expect(parsed(textOf(event)).data.payload).toBeUndefined()
    expect(parsed(base64TextOf(event)).data.payload).toBe('AQID')
    expect(base64TextOf(event)).toBe(base64TextOf(event))
  })
})

describe('what is remembered of a job', () => {
  const running = { type: 'state', data: { state: 'running', attempt: 1 } } as const
  const canceled = { type: 'state', data: { state: 'canceled', attempt: 1 } } as const

  it('outlives the connection of its only watcher', () => {
    const events = new JobEvents()
    const stop = events.subscribe('job', () => undefined)
    const { seq } = events.publish('job', running)
    events.publish('job', { type: 'ping', data: {} })
    stop()
    expect(events.since('job', seq)).toHaveLength(1)
    expect(events.since('job', 0)).toHaveLength(2)
  })

  it('is forgotten some jobs after its end, but not while somebody watches', () => {
    const events = new JobEvents()
    const stop = events.subscribe('watched', () => undefined)
    events.publish('watched', canceled)
    events.publish('going on', running)
    for (let i = 0; i < 100; i++) {
      events.publish(`job ${i}`, running)
      events.publish(`job ${i}`, canceled)
    }
    expect(events.since('job 0', 0)).toEqual([])
    expect(events.since('job 99', 0)).toHaveLength(2)
    expect(events.since('watched', 0)).toHaveLength(1)
    expect(events.since('going on', 0)).toHaveLength(1)
    stop()
    events.publish('one more', canceled)
    expect(events.since('watched', 0)).toEqual([])
    expect(events.numRemembered).toBeLessThan(20)
  })

  it('begins anew with another attempt of a job that was over', () => {
    const events = new JobEvents()
    events.publish('job', canceled)
    events.publish('job', { type: 'state', data: { state: 'running', attempt: 2 } })
    for (let i = 0; i < 100; i++) events.publish(`job ${i}`, canceled)
    expect(events.since('job', 0)).toHaveLength(2)
  })

  it('is nothing where somebody only looked', () => {
    const events = new JobEvents()
    events.subscribe('job', () => undefined)()
    expect(events.numRemembered).toBe(0)
  })
})
