import { describe, expect, it } from 'vitest'
import { decayedSeconds, queueOrder, secondsToStart } from './queue-order.ts'

const job = (jobId: string, owner: string, priority = 0) => ({ jobId, owner, priority })
const ids = (jobs: { jobId: string }[]) => jobs.map(({ jobId }) => jobId).join('')

describe('the order of the queue', () => {
  it('is by age for one user, by priority before that', () => {
    expect(ids(queueOrder([job('c', 'ann'), job('a', 'ann'), job('b', 'ann', 5)], new Map(), () => 1))).toBe('bac')
  })

  it('lets users take turns, whoever queued first', () => {
    const waiting = [job('a', 'ann'), job('b', 'ann'), job('c', 'ann'), job('d', 'bob'), job('e', 'bob')]
    expect(ids(queueOrder(waiting, new Map(), () => 10))).toBe('adbec')
  })

  it('starts with the user who has used least, until the others have caught up', () => {
    const waiting = [job('a', 'ann'), job('b', 'ann'), job('c', 'bob'), job('d', 'bob'), job('e', 'bob')]
    expect(ids(queueOrder(waiting, new Map([['ann', 25]]), () => 10))).toBe('cdeab')
  })

  it('charges long jobs more than short ones', () => {
    const waiting = [job('a', 'ann'), job('b', 'ann'), job('c', 'bob'), job('d', 'bob'), job('e', 'bob')]
    const seconds = (one: { owner: string }) => (one.owner === 'ann' ? 30 : 10)
    expect(ids(queueOrder(waiting, new Map(), seconds))).toBe('acdeb')
  })

  it('does not depend on the order in which jobs are given', () => {
    const waiting = [job('a', 'ann', -3), job('b', 'bob', 2), job('c', 'eve'), job('d', 'bob', 2), job('e', 'ann', 9)]
    const first = ids(queueOrder(waiting, new Map(), () => 1))
    expect(ids(queueOrder([...waiting].reverse(), new Map(), () => 1))).toBe(first)
  })
})

describe('device time', () => {
  it('weighs half after a half-life and never more for a clock that was set back', () => {
    expect(decayedSeconds(100, 24, 24)).toBe(50)
    expect(decayedSeconds(100, -24, 24)).toBe(100)
  })
})

describe('the estimated start', () => {
  it('follows the device that is free first', () => {
    expect(secondsToStart([100, 10, 10, 10], [30, 0], (takes) => takes)).toEqual([0, 30, 40, 50])
  })

  it('is unknown behind a job of unknown length, on the only device', () => {
    expect(secondsToStart([5, null, 7], [2], (takes) => takes)).toEqual([2, 7, null])
    expect(secondsToStart([5], [null], (takes) => takes)).toEqual([null])
    expect(secondsToStart([5, 6], [null, 0], (takes) => takes)).toEqual([0, null])
  })
})
