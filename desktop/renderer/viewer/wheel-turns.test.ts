import { describe, expect, it } from 'vitest'
import { notchesOf, WheelTurns, zoomFactor } from './wheel-turns.ts'

const turn = (deltaY: number, timeStamp: number, deltaMode = 0) => ({ deltaX: 0, deltaY, deltaMode, timeStamp })

/** Steps of events that come every 16 ms. */
function stepsOf(deltas: readonly number[], speed = 1): number {
  const turns = new WheelTurns()
  return deltas.reduce((sum, delta, i) => sum + turns.take(turn(delta, i * 16), speed), 0)
}

describe('the steps of a wheel', () => {
  it('are one for each click, whatever a system gives for it and in whatever unit', () => {
    for (const delta of [100, 120, 133]) expect(stepsOf(Array(7).fill(delta))).toBe(7)
    const [lines, pages] = [new WheelTurns(), new WheelTurns()]
    for (let i = 0; i < 5; i++) {
      expect(lines.take(turn(-3, i * 16, 1), 1)).toBe(-1)
      expect(pages.take(turn(1, i * 16, 2), 1)).toBe(1)
    }
  })

  it('are as many as a trackpad was swiped far, not as many as it sends events', () => {
    // 60 events of 10 pixels: the first step at once, then one for each hundred.
    expect(stepsOf(Array(60).fill(10))).toBe(6)
  })

  it('begin at once, also where each click is a few pixels as on a Mac', () => {
    const turns = new WheelTurns()
    expect([0, 400, 800].map((ms) => turns.take(turn(4, ms), 1))).toEqual([1, 1, 1])
  })

  it('do not come of events that turn nothing', () => {
    expect(stepsOf([0, 0, 0])).toBe(0)
    expect(Object.is(stepsOf([-0]), 0)).toBe(true)
  })

  it('turn back at once', () => {
    const turns = new WheelTurns()
    turns.take(turn(10, 0), 1)
    turns.take(turn(80, 16), 1)
    expect(turns.take(turn(-10, 32), 1)).toBe(-1)
  })

  it('follow the speed that was chosen', () => {
    expect(stepsOf(Array(9).fill(120), 4)).toBe(36)
    expect(stepsOf(Array(9).fill(120), 0.5)).toBe(5)
  })

  it('come of a wheel that is turned sideways, as with Shift', () => {
    expect(notchesOf({ deltaX: -120, deltaY: 0, deltaMode: 0 })).toBe(-1)
  })
})

describe('zoomFactor', () => {
  it('is a step for each click, and as much as a pinch spreads', () => {
    expect(zoomFactor(-1, 1.15)).toBeCloseTo(1.15)
    expect(zoomFactor(2, 1.15)).toBeCloseTo(1 / 1.15 ** 2)
    expect(zoomFactor(-0.02, 1.15)).toBeCloseTo(1.02, 3)
    expect(zoomFactor(0, 1.15)).toBe(1)
    expect(zoomFactor(-0.9, 1.15)).toBeCloseTo(1.15)
  })
})
