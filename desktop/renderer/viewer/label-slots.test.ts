import { describe, expect, it } from 'vitest'
import { slotColors, slotRule, slotsOf } from './label-slots.ts'

const styles = [
  { value: 7, color: '#ff8000', isVisible: true },
  { value: 300, color: '#0000ff', isVisible: false },
]

describe('slotsOf', () => {
  it('takes bytes as they are', () => {
    const labels = Uint8Array.of(0, 7, 9, 255)
    expect(slotsOf(labels, styles, true)).toBe(labels)
    expect(slotRule(labels, styles, true)).toBe('value')
  })

  it('gives each style a slot where values are larger, background none, and everything else the slot for others', () => {
    const labels = Uint16Array.of(0, 7, 300, 9, 65535)
    expect(slotRule(labels, styles, true)).toBe('order')
    expect([...slotsOf(labels, styles, true)]).toEqual([0, 1, 2, 254, 255])
  })

  it('takes the largest value for a label when the mask is final', () => {
    const with255 = [...styles, { ...styles[0], value: 255 }]
    expect([...slotsOf(Uint8Array.of(255, 7), with255, false)]).toEqual([3, 1])
    expect(slotRule(Uint8Array.of(255), with255, false)).toBe('order')
  })
})

describe('slotColors', () => {
  it('paints visible labels and leaves hidden ones, background and "not computed" transparent', () => {
    const lut = slotColors(styles, 'order')
    expect([...lut.subarray(4, 8)]).toEqual([255, 128, 0, 255])
    expect([0, 2, 255].map((slot) => lut[slot * 4 + 3])).toEqual([0, 0, 0])
    expect(lut[254 * 4 + 3]).toBe(255)
  })

  it('paints values where slots are values, and grey what no style names', () => {
    const lut = slotColors([...styles, { value: 9, color: '#00ff00', isVisible: false }], 'value')
    expect([...lut.subarray(28, 32)]).toEqual([255, 128, 0, 255])
    expect([0, 9, 255].map((slot) => lut[slot * 4 + 3])).toEqual([0, 0, 0])
    expect([...lut.subarray(8, 12)]).toEqual([176, 176, 176, 255])
  })
})
