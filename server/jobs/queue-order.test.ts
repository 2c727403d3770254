import { describe, expect, it } from 'vitest'
import { decayedSeconds, plannedStarts, queueOrder } from './queue-order.ts'

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

describe('the planned start', () => {
  /** Jobs named by their user, with the seconds that each takes: `ann 10`, `bob ?`. */
  const order = (...texts: string[]) =>
    texts.map((text) => {
      const [owner, seconds] = text.split(' ')
      return { owner, takes: seconds === '?' ? null : Number(seconds) }
    })
  const free = (...seconds: (number | null)[]) => seconds.map((freeInSeconds) => ({ freeInSeconds, owner: null }))
  const planned = (jobs: ReturnType<typeof order>, lanes: Parameters<typeof plannedStarts>[1], most = Infinity) =>
    plannedStarts(jobs, lanes, most, ({ takes }) => takes).map(({ job, inSeconds }) => [job.owner, inSeconds])
  const seconds = (...all: Parameters<typeof planned>) => planned(...all).map(([, start]) => start)

  it('follows the device that is free first', () => {
    expect(seconds(order('ann 100', 'ann 10', 'ann 10', 'ann 10'), free(30, 0))).toEqual([0, 30, 40, 50])
  })

  it('is unknown behind a job of unknown length, on the only device', () => {
    expect(seconds(order('ann 5', 'ann ?', 'ann 7'), free(2))).toEqual([2, 7])
    expect(seconds(order('ann 5'), free(null))).toEqual([])
    expect(seconds(order('ann 5', 'ann 6'), free(null, 0))).toEqual([0])
  })

  it('waits for the own job where a user may run only one, whatever devices are free', () => {
    expect(planned(order('ann 10', 'ann 10'), free(0, 0), 1)).toEqual([
      ['ann', 0],
      ['ann', 10],
    ])
    const busy = [
      { freeInSeconds: 30, owner: 'ann' },
      { freeInSeconds: 0, owner: null },
    ]
    expect(planned(order('ann 10', 'bob 5', 'bob 5', 'ann 10'), busy, 1)).toEqual([
      ['bob', 0],
      ['bob', 5],
      ['ann', 30],
      ['ann', 40],
    ])
    expect(seconds(order('ann 10', 'ann 10', 'ann 10'), free(0, 0, 0), 2)).toEqual([0, 0, 10])
  })

  it('is unknown where the own job ends at an unknown time; others are taken all the same', () => {
    const busy = [
      { freeInSeconds: null, owner: 'ann' },
      { freeInSeconds: 0, owner: null },
    ]
    expect(planned(order('ann 10', 'bob 5'), busy, 1)).toEqual([['bob', 0]])
  })
})
