import { expect, it } from 'vitest'
import { JoinedWork } from './joined-work.ts'

/** Work that ends when it is told to. */
function heldWork() {
  const ends: { resolve: (text: string) => void; reject: (error: Error) => void }[] = []
  const work = () => new Promise<string>((resolve, reject) => void ends.push({ resolve, reject }))
  return { ends, work }
}

it('joins who asks for the same while it goes on, and for nothing else', async () => {
  const { ends, work } = heldWork()
  const joined = new JoinedWork<string>()
  const all = [joined.run('a', work), joined.run('a', work), joined.run('b', work)]
  expect(ends).toHaveLength(2)
  ends[0].resolve('of a')
  ends[1].resolve('of b')
  expect(await Promise.all(all)).toEqual(['of a', 'of a', 'of b'])
})

it('gives the result for as long as it is kept, then begins again', async () => {
  const { ends, work } = heldWork()
  let nowMs = 0
  const joined = new JoinedWork<string>(1000, () => nowMs)
  const first = joined.run('a', work)
  ends[0].resolve('once')
  await first
  nowMs = 999
  expect(await joined.run('a', work)).toBe('once')
  nowMs = 1001
  const again = joined.run('a', work)
  expect(ends).toHaveLength(2)
  ends[1].resolve('twice')
  expect(await again).toBe('twice')
})

it('tells a failure to all who wait, and begins again after it', async () => {
  const { ends, work } = heldWork()
  const joined = new JoinedWork<string>(1000)
  const all = Promise.allSettled([joined.run('a', work), joined.run('a', work)])
  ends[0].reject(new Error('no disk'))
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const again = joined.run('a', work)
  ends[1].resolve('well')
  expect(await again).toBe('well')
})

it('keeps nothing where it is not asked to', async () => {
  const { ends, work } = heldWork()
  const joined = new JoinedWork<string>()
  const first = joined.run('a', work)
  ends[0].resolve('once')
  await first
  void joined.run('a', work)
  expect(ends).toHaveLength(2)
})
