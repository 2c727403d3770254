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
