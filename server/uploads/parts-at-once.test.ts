import { expect, it } from 'vitest'
import { PartsAtOnce } from './parts-at-once.ts'

it('parts on their way are limited for each user, and make room when they end, whatever their end', async () => {
  const parts = new PartsAtOnce()
  const ends: ((problem?: Error) => void)[] = []
  const part = () =>
    new Promise<string>((resolve, reject) => ends.push((problem) => (problem ? reject(problem) : resolve('stored'))))
  const sent = Array.from({ length: 64 }, () => parts.during('anna', part))
  const refused = await parts.during('anna', part).catch((error) => error)
  expect(refused).toMatchObject({ code: 'rate_limited', details: { retryAfterSeconds: 2 } })
  expect(await parts.during('bert', async () => 'stored')).toBe('stored')
  ends[0]()
  ends[1](new Error('cut'))
  expect(await sent[0]).toBe('stored')
  await expect(sent[1]).rejects.toThrow('cut')
  const more = [parts.during('anna', part), parts.during('anna', part)]
  await expect(parts.during('anna', part)).rejects.toMatchObject({ code: 'rate_limited' })
  for (const end of ends.slice(2)) end()
  expect(await Promise.all([...sent.slice(2), ...more])).toHaveLength(64)
})
