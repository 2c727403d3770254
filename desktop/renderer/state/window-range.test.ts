import { describe, expect, it } from 'vitest'
import { autoWindow, movedBy, NARROWEST_WINDOW, withHigh, withLow } from './window-range.ts'

function histogramWith(counts: Record<number, number>): number[] {
  const histogram = new Array<number>(256).fill(0)
  for (const [code, count] of Object.entries(counts)) histogram[Number(code)] = count
  return histogram
}

describe('autoWindow', () => {
  it('leaves out less than half a percent at each end', () => {
    const { low, high } = autoWindow(histogramWith({ 0: 2, 51: 500, 102: 496, 255: 2 }))
    expect(low).toBeCloseTo(51 / 255)
    expect(high).toBeCloseTo(102 / 255)
  })

  it('shows the whole range of a volume with a single value', () => {
    expect(autoWindow(histogramWith({ 0: 1000 }))).toEqual({ low: 0, high: 1 })
  })

  it('keeps both values of a sparse mask apart', () => {
    expect(autoWindow(histogramWith({ 0: 9990, 255: 10 }))).toEqual({ low: 0, high: 1 })
  })
})

describe('an end of the window', () => {
  it('stays in the range and before the other end', () => {
    expect(withLow({ low: 0.2, high: 0.6 }, -1)).toEqual({ low: 0, high: 0.6 })
    expect(withLow({ low: 0.2, high: 0.6 }, 0.9)).toEqual({ low: 0.6 - NARROWEST_WINDOW, high: 0.6 })
    expect(withHigh({ low: 0.2, high: 0.6 }, 2)).toEqual({ low: 0.2, high: 1 })
    expect(withHigh({ low: 0.2, high: 0.6 }, 0.1)).toEqual({ low: 0.2, high: 0.2 + NARROWEST_WINDOW })
  })
})

describe('the window moved as a whole', () => {
  it.each([
    [0.25, 0.5, 0.75],
    [9, 0.75, 1],
    [-9, 0, 0.25],
  ])('by %d keeps its width and stops at the ends', (by, low, high) => {
    expect(movedBy({ low: 0.25, high: 0.5 }, by)).toEqual({ low, high })
  })
})
