import { expect, it } from 'vitest'
import { compareVersions } from './version-order.ts'

it('orders versions as semver does, numbers by value', () => {
  const inOrder = [
    '0.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.0+build.1',
    '1.0.0+build.2',
    '1.2',
    '1.10.0',
    '2',
    '2024.11',
    '99999999999999999999',
    'a',
  ]
  for (let i = 0; i < inOrder.length; i++)
    for (let j = 0; j < inOrder.length; j++)
      expect(Math.sign(compareVersions(inOrder[i], inOrder[j])), `${inOrder[i]} ${inOrder[j]}`).toBe(Math.sign(i - j))
})

it('is 0 for the same text only', () => {
  expect(compareVersions('1.0', '1.0')).toBe(0)
  expect(compareVersions('1.0', '1.0.0')).not.toBe(0)
  expect(compareVersions('1.0', '1.0.0')).toBe(-compareVersions('1.0.0', '1.0'))
})
