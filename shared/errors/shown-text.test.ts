import { expect, it } from 'vitest'
import { shownText } from './shown-text.ts'

it.each([
  ['tomogram µ 体', 'tomogram µ 体'],
  ['a\u001b[2Jb', 'a\\u001b[2Jb'],
  ['a\nb\u0000c\u009b', 'a\\u000ab\\u0000c\\u009b'],
  ['abc\u202efed', 'abc\\u202efed'],
])('%j is shown as %j', (text, expected) => {
  expect(shownText(text)).toBe(expected)
})

it('cuts what is long', () => {
  expect(shownText('x'.repeat(1_000_000))).toBe(`${'x'.repeat(200)}…`)
  expect(shownText('abcdef', 3)).toBe('abc…')
})
