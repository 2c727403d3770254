import { describe, expect, it } from 'vitest'
import { autoWindow } from './window-range.ts'

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
