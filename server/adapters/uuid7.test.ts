import { expect, it } from 'vitest'
import { createUuid7 } from './uuid7.ts'

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

it('ids sort in the order in which they were made, within a millisecond and over many', () => {
  let nowMs = Date.UTC(2026, 0, 1)
  const newId = createUuid7(() => nowMs)
  const ids = Array.from({ length: 20_000 }, (_, i) => {
    if (i % 7000 === 0) nowMs++
    return newId()
  })
  expect(ids.every((id) => FORM.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
  expect([...ids].sort()).toEqual(ids)
})

it('an id that is made after the clock was set back sorts after those before', () => {
  let nowMs = Date.UTC(2026, 0, 2)
  const newId = createUuid7(() => nowMs)
  const before = newId()
  nowMs -= 86_400_000
  const after = newId()
  expect(after > before).toBe(true)
})

it('begins with the time', () => {
  const id = createUuid7(() => 0x0123456789ab)()
  expect(id.replaceAll('-', '').slice(0, 12)).toBe('0123456789ab')
})
