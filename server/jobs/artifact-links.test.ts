import { expect, it } from 'vitest'
import { ArtifactLinks } from './artifact-links.ts'

const NOW = Date.UTC(2026, 0, 1)
const links = new ArtifactLinks(Buffer.alloc(32, 1), 60)

function partsOf(url: string) {
  const { pathname, searchParams } = new URL(url, 'http://host')
  return { pathname, expires: Number(searchParams.get('expires')), signature: searchParams.get('signature') ?? '' }
}

it('a link works until it expires, for its job and artifact only', () => {
  const { url, expiresAt } = links.make('job-a', 'mask.mrc', NOW)
  const { expires, signature, pathname } = partsOf(url)
  expect(pathname).toBe('/v1/files/job-a/mask.mrc')
  expect(expiresAt).toBe('2026-01-01T00:01:00.000Z')
  const check =
    (job: string, name: string, until: number, sign: string, at = NOW) =>
    () =>
      links.check(job, name, until, sign, at)
  expect(check('job-a', 'mask.mrc', expires, signature)).not.toThrow()
  const refused = expect.objectContaining({ code: 'signature_invalid' })
  expect(check('job-a', 'mask.mrc', expires, signature, NOW + 61_000)).toThrow(refused)
  expect(check('job-b', 'mask.mrc', expires, signature)).toThrow(refused)
  expect(check('job-a', 'stats.json', expires, signature)).toThrow(refused)
  expect(check('job-a', 'mask.mrc', expires + 1, signature)).toThrow(refused)
  expect(check('job-a', 'mask.mrc', expires, `${signature}x`)).toThrow(refused)
  expect(() => new ArtifactLinks(Buffer.alloc(32, 2), 60).check('job-a', 'mask.mrc', expires, signature, NOW)).toThrow(
    refused,
  )
})
