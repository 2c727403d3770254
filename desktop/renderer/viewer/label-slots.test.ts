import { describe, expect, it } from 'vitest'
import { slotColors, slotsOf } from './label-slots.ts'

const styles = [
  { value: 7, color: '#ff8000', isVisible: true },
  { value: 300, color: '#0000ff', isVisible: false },
]

describe('slotsOf', () => {
  it('gives each style a slot, background none, and everything else the slot for others', () => {
    expect([...slotsOf(Uint16Array.of(0, 7, 300, 9, 65535), styles, true)]).toEqual([0, 1, 2, 254, 255])
  })

  it('takes the largest value for a label when the mask is final', () => {
    expect([...slotsOf(Uint8Array.of(255, 7), [...styles, { ...styles[0], value: 255 }], false)]).toEqual([3, 1])
  })
})

describe('slotColors', () => {
  it('paints visible labels and leaves hidden ones, background and "not computed" transparent', () => {
    const lut = slotColors(styles)
    expect([...lut.subarray(4, 8)]).toEqual([255, 128, 0, 255])
    expect([0, 2, 255].map((slot) => lut[slot * 4 + 3])).toEqual([0, 0, 0])
    expect(lut[254 * 4 + 3]).toBe(255)
  })
})
