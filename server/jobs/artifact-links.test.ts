import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { ArtifactLinks } from './artifact-links.ts'
import { type LinkKey, LinkKeys, newKey } from './link-keys.ts'

const NOW = Date.UTC(2026, 0, 1)
const SHA = 'ab'.repeat(32)
const MASK = { name: 'mask.mrc', sha256: SHA }
const DAY_MS = 86_400_000

/** Keys over a list in memory, renewed at `NOW`. */
async function makeKeys(stored: LinkKey[] = []): Promise<LinkKeys> {
  const store = {
    read: async () => [...stored],
    write: async (keys: readonly LinkKey[]) => void stored.splice(0, 9, ...keys),
  }
  const keys = new LinkKeys(store, { replaceAfterMs: 30 * DAY_MS, linkLifetimeMs: 60_000 })
  await keys.renew(NOW)
  return keys
}

function queryOf(url: string) {
  const { pathname, searchParams } = new URL(url, 'http://host')
  const text = (name: string) => searchParams.get(name) ?? ''
  return {
    pathname,
    query: {
      expires: Number(text('expires')),
      key: text('key'),
      content: text('content'),
      holder: text('holder'),
      signature: text('signature'),
    },
  }
}

const refused = expect.objectContaining({ code: 'signature_invalid' })

it('a link works until it expires, for its job, artifact and bytes only', async () => {
  const links = new ArtifactLinks(await makeKeys(), 60)
  const { url, expiresAt } = links.make('job-a', MASK, 'anna', NOW)
  const { query, pathname } = queryOf(url)
  expect(pathname).toBe('/v1/files/job-a/mask.mrc')
  expect(expiresAt).toBe('2026-01-01T00:01:00.000Z')
  const check =
    (job: string, name: string, change: Partial<typeof query> = {}, at = NOW) =>
    () =>
      links.check(job, name, { ...query, ...change }, at)
  expect(check('job-a', 'mask.mrc')).not.toThrow()
  expect(check('job-a', 'mask.mrc', {}, NOW + 61_000)).toThrow(refused)
  expect(check('job-b', 'mask.mrc')).toThrow(refused)
  expect(check('job-a', 'stats.json')).toThrow(refused)
  expect(check('job-a', 'mask.mrc', { expires: query.expires + 1 })).toThrow(refused)
  expect(check('job-a', 'mask.mrc', { content: 'cd'.repeat(8) })).toThrow(refused)
  expect(check('job-a', 'mask.mrc', { key: 'other' })).toThrow(refused)
  expect(check('job-a', 'mask.mrc', { holder: queryOf(links.make('job-b', MASK, 'ben').url).query.holder })).toThrow(
    refused,
  )
  expect(check('job-a', 'mask.mrc', { holder: undefined })).toThrow(refused)
  expect(check('job-a', 'mask.mrc', { signature: `${query.signature}x` })).toThrow(refused)
  expect(() => links.checkContent(query, SHA)).not.toThrow()
  expect(() => links.checkContent(query, 'cd'.repeat(32))).toThrow(refused)
  expect(() =>
    new ArtifactLinks({ current: newKey(NOW), find: () => newKey(NOW) }, 60).check('job-a', 'mask.mrc', query, NOW),
  ).toThrow(refused)
})

it('a key is replaced after its time, and checks its last links until they have ended', async () => {
  const stored: LinkKey[] = []
  const keys = await makeKeys(stored)
  const links = new ArtifactLinks(keys, 60)
  const later = NOW + 31 * DAY_MS
  const old = queryOf(links.make('job', MASK, 'anna', later).url).query
  await keys.renew(later)
  expect(keys.current.id).not.toBe(old.key)
  expect(stored).toHaveLength(2)
  expect(() => links.check('job', 'mask.mrc', old, later + 30_000)).not.toThrow()
  await keys.renew(later + 61_000)
  expect(keys.find(old.key)).toBeNull()
  expect(stored).toHaveLength(1)
})

it('the keys of one start are those of the next', async () => {
  const stored: LinkKey[] = []
  const first = await makeKeys(stored)
  const second = await makeKeys(stored)
  expect(second.current).toEqual(first.current)
})

it('a link knows who got it and does not say it to who reads the address', async () => {
  const links = new ArtifactLinks(await makeKeys(), 60)
  const { url } = links.make('job', MASK, 'anna@lab', NOW)
  expect(links.check('job', 'mask.mrc', queryOf(url).query, NOW)).toBe('anna@lab')
  expect(url).not.toMatch(/anna|YW5uY/)
})

it('a link of an older server works to its end', async () => {
  const keys = await makeKeys()
  const expires = NOW / 1000 + 60
  const text = ['job', 'mask.mrc', SHA.slice(0, 16), expires].join('\n')
  const signature = createHmac('sha256', Buffer.from(keys.current.secret, 'base64url')).update(text).digest('base64url')
  const query = { expires, content: SHA.slice(0, 16), key: keys.current.id, signature }
  expect(new ArtifactLinks(keys, 60).check('job', 'mask.mrc', query, NOW)).toBeNull()
})
