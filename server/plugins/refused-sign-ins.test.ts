import { expect, it } from 'vitest'
import { networkOf, RefusedSignIns } from './refused-sign-ins.ts'

it('an address is limited for the rest of its minute, and no other is', () => {
  let nowMs = 1_000_000
  const refused = new RefusedSignIns(true, () => nowMs)
  const first = Array.from({ length: 60 }, (_, index) => refused.refused('10.0.0.1', `guess${index}`))
  expect(first.filter(Boolean)).toHaveLength(1)
  nowMs += 18_000
  expect(() => refused.check('10.0.0.1', 'guess')).toThrow(
    expect.objectContaining({ code: 'rate_limited', details: expect.objectContaining({ retryAfterSeconds: 42 }) }),
  )
  refused.check('10.0.0.2', 'guess')
  nowMs += 42_000
  refused.check('10.0.0.1', 'guess')
  expect(refused.refused('10.0.0.1', 'guess')).toBe(true)
})

it('a token that was good a while ago is looked up all the same, until it is refused', () => {
  const refused = new RefusedSignIns(true, () => 0)
  refused.accepted('good')
  for (let index = 0; index < 60; index++) refused.refused('10.0.0.1', `guess${index}`)
  refused.check('10.0.0.1', 'good')
  refused.refused('10.0.0.1', 'good')
  expect(() => refused.check('10.0.0.1', 'good')).toThrow()
})

it('remembers so many addresses only', () => {
  const refused = new RefusedSignIns(true, () => 0)
  for (let index = 0; index < 60; index++) refused.refused('first', 'guess')
  for (let index = 0; index < 10_000; index++) refused.refused(`address${index}`, 'guess')
  refused.check('first', 'guess')
})

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
  ['2001:0db8::7:1:2:3:4', '2001:db8:0:7::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('counts %s as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
