import { expect, it } from 'vitest'
import { dice, intersectionOverUnion, OverlapCounter } from './overlap.ts'

it('counts two masks chunk by chunk and gives Dice and IoU per label', () => {
  const counter = new OverlapCounter()
  counter.add([0, 1, 1], Uint8Array.from([0, 1, 2]))
  counter.add(Uint16Array.from([2, 2, 0, 1]), [2, 0, 0, 1])
  expect(counter.overlap(1)).toEqual({ label: 1, inFirst: 3, inSecond: 2, inBoth: 2 })
  expect(dice(counter.overlap(1))).toBeCloseTo(4 / 5)
  expect(intersectionOverUnion(counter.overlap(1))).toBeCloseTo(2 / 3)
  expect(dice(counter.overlap(2))).toBeCloseTo(2 / 4)
})

it('has no number for a label that is in neither mask, and none for chunks of different lengths', () => {
  const counter = new OverlapCounter()
  counter.add([0], [0])
  expect(dice(counter.overlap(3))).toBeNull()
  expect(intersectionOverUnion(counter.overlap(3))).toBeNull()
  expect(() => counter.add([0], [0, 1])).toThrow(RangeError)
})
