import { expect, it } from 'vitest'
import { RestingSlots } from './resting-slots.ts'

it('rests a slot for longer each time, up to ten minutes, until a job works', () => {
  let nowMs = 0
  const slots = new RestingSlots(['a', 'b'], () => nowMs)
  const rests = []
  for (let i = 0; i < 6; i++) {
    const restMs = slots.failed('a', `job ${i}`) ?? 0
    expect([slots.isResting('a'), slots.isResting('b')]).toEqual([true, false])
    rests.push(restMs / 1000)
    nowMs += restMs
    expect(slots.isResting('a')).toBe(false)
  }
  expect(rests).toEqual([30, 60, 120, 240, 480, 600])
  slots.worked('a')
  expect(slots.failed('a', 'job')).toBe(30_000)
})

it('lets a job fail on the second slot that cannot run it, and the first slot go on', () => {
  const slots = new RestingSlots(['a', 'b', 'c'], () => 0)
  expect(slots.failed('a', 'job')).toBe(30_000)
  expect(slots.failed('b', 'job')).toBeNull()
  expect([slots.isResting('a'), slots.isResting('b')]).toEqual([false, false])
})

it('lets a job fail where no other slot could take it', () => {
  expect(new RestingSlots(['a']).failed('a', 'job')).toBeNull()
  const slots = new RestingSlots(['a', 'b'], () => 0)
  slots.failed('a', 'one')
  expect(slots.failed('b', 'other')).toBeNull()
  expect(slots.isResting('b')).toBe(false)
})
