import { describe, expect, it } from 'vitest'
import { centredOn, FITTED, mmPerPx, movedBy, pointMmAt, type SliceZoom, zoomedAbout } from './slice-zoom.ts'

/** What NiiVue draws of a volume of 60 × 40 × 20 mm in a pane, seen along y: its rule is (mm - shift) / zoom. */
function tileOf([panX, , panZ, zoom]: SliceZoom) {
  const [left, top, width, height] = [100, 50, 300, 200]
  const perMm = Math.min(width / 60, height / 20)
  const from = (middle: number, px: number, pan: number) => (middle - px / perMm / 2 - pan) / zoom
  return {
    axCorSag: 1,
    leftTopWidthHeight: [left, top, width, height],
    leftTopMM: [from(30, width, panX), from(10, height, panZ)],
    fovMM: [width / perMm / zoom, height / perMm / zoom],
  }
}

describe('zooming a slice', () => {
  it('leaves the point under the pointer where it is', () => {
    const before = zoomedAbout(FITTED, 3, [12, 0, 4])
    const point = pointMmAt(tileOf(before), 330, 91)
    const after = zoomedAbout(before, 1.5, point)
    const again = pointMmAt(tileOf(after), 330, 91)
    for (const axis of [0, 1, 2]) expect(again[axis]).toBeCloseTo(point[axis], 9)
    expect(mmPerPx(tileOf(after))).toBeCloseTo(mmPerPx(tileOf(before)) / 1.5, 9)
  })

  it('stops at half the size that fits, and at 64 times', () => {
    expect(zoomedAbout(FITTED, 0.01, [0, 0, 0])[3]).toBe(0.5)
    expect(zoomedAbout(FITTED, 1e6, [0, 0, 0])[3]).toBe(64)
  })
})

describe('moving a slice', () => {
  it('takes the point under the pointer along', () => {
    const before = zoomedAbout(FITTED, 4, [30, 0, 10])
    const from = pointMmAt(tileOf(before), 200, 100)
    const to = pointMmAt(tileOf(before), 245, 80)
    const after = movedBy(before, [to[0] - from[0], 0, to[2] - from[2]])
    const there = pointMmAt(tileOf(after), 245, 80)
    for (const axis of [0, 2]) expect(there[axis]).toBeCloseTo(from[axis], 9)
  })
})

it('puts a point into the middle of its pane', () => {
  const point = pointMmAt(tileOf(centredOn([7, 0, 3], 5, [30, 20, 10])), 250, 150)
  expect(point[0]).toBeCloseTo(7, 9)
  expect(point[2]).toBeCloseTo(3, 9)
})
