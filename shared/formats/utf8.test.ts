import { expect, it } from 'vitest'
import { utf8 } from './utf8.ts'

it('writes letters of one to four bytes', () => {
  const text = 'a %41 µ Å 番 🐍'
  expect([...utf8(text)]).toEqual([...Buffer.from(text, 'utf8')])
})
