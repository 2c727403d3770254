import { describe, expect, it } from 'vitest'
import { displayMap, projectionMode } from './display-map.ts'

const gray = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2))
const at = (map: Uint8Array, index: number) => [...map.subarray(index * 4, index * 4 + 4)]

describe('displayMap', () => {
  it('is a straight line without gamma', () => {
    const map = displayMap(gray, { gamma: 1, isInverted: false })
    expect([at(map, 0), at(map, 1023)]).toEqual([
      [0, 0, 0, 0],
      [255, 255, 255, 255],
    ])
    expect(at(map, 512)[0]).toBe(128)
  })

  it('inverts before gamma, and gamma above 1 brightens', () => {
    const map = displayMap(gray, { gamma: 2, isInverted: true })
    expect(at(map, 0)[0]).toBe(255)
    expect(at(map, 1023)[0]).toBe(0)
    expect(at(map, 767)[0]).toBe(Math.round(255 * Math.sqrt(1 - 767 / 1023)))
  })
})

describe('projectionMode', () => {
  it('takes the brightest or darkest as shown, or what the volume shows its density as', () => {
    const modes = (projection: 'densest' | 'maximum' | 'minimum', isDark: boolean) =>
      [false, true].map((isInverted) => projectionMode({ projection, isInverted }, isDark))
    expect(modes('maximum', true)).toEqual(['largest', 'smallest'])
    expect(modes('minimum', true)).toEqual(['smallest', 'largest'])
    expect(modes('densest', true)).toEqual(['smallest', 'smallest'])
    expect(modes('densest', false)).toEqual(['largest', 'largest'])
  })
})
