import { describe, expect, it } from 'vitest'
import { halfToNumber } from '../../shared/volume/voxel-values.ts'
import { fromHalf, toHalf } from './half-float.ts'

describe('half floats', () => {
  it('come back from every bit pattern that is a number', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00)
    expect(toHalf(fromHalf(all))).toEqual(all)
  })

  it('are the nearest, ties to even, infinity beyond the largest', () => {
    const cases: [number, number][] = [
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
      [65519, 65504],
      [65520, Number.POSITIVE_INFINITY],
      [2 ** -25, 0],
      [3 * 2 ** -25, 2 ** -23],
      [-(2 ** -24), -(2 ** -24)],
      [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ]
    for (const [value, expected] of cases)
      expect(halfToNumber(toHalf(Float32Array.of(value))[0]), String(value)).toBe(expected)
    expect(halfToNumber(toHalf(Float32Array.of(Number.NaN))[0])).toBeNaN()
  })
})
