import { expect, it } from 'vitest'
import { defaultColor, parseColor } from './label-colors.ts'

it('reads the bytes of a colour in either case', () => {
  expect(parseColor('#00c878')).toEqual([0, 200, 120])
  expect(parseColor('#FFAA01')).toEqual([255, 170, 1])
})

it('refuses what is not #rrggbb', () => {
  for (const text of ['', '#fff', '00c878', '#00c8788', '#00c87g', ' #00c878', 'red'])
    expect(() => parseColor(text)).toThrow(RangeError)
})

it('gives every label of a byte its own colour that shows on black', () => {
  const colors = Array.from({ length: 254 }, (_, index) => defaultColor(index + 1))
  expect(new Set(colors).size).toBe(254)
  for (const color of colors) expect(Math.max(...parseColor(color))).toBeGreaterThan(100)
})

it('stays readable up to the largest label', () => {
  expect(parseColor(defaultColor(65_535))).toHaveLength(3)
  expect(defaultColor(1)).toBe('#e69f00')
})
