import { expect, it } from 'vitest'
import { inUnit } from './length-units.ts'

it('converts lengths exactly where the numbers allow it', () => {
  expect(inUnit(20, 'angstrom', 'nm')).toBe(2)
  expect(inUnit(31.5, 'angstrom', 'nm')).toBe(3.15)
  expect(inUnit(1, 'angstrom', 'nm')).toBe(0.1)
  expect(inUnit(0.7, 'nm', 'angstrom')).toBe(7)
  expect(inUnit(3, 'um', 'mm')).toBe(0.003)
  expect(inUnit(2, 'm', 'um')).toBe(2e6)
})

it('leaves a length in its own unit as it is, to the last bit', () => {
  // Of all doubles a tenth does not survive the way to ångström and back.
  expect(inUnit(10 / 11, 'mm', 'mm')).toBe(10 / 11)
})
