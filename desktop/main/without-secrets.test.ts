import { describe, expect, it } from 'vitest'
import { withoutSecrets } from './without-secrets.ts'

describe('a text without secrets', () => {
  it.each([
    'Authorization: Bearer cm_AbCdEf0123456789xyz',
    '{"token":"s3cret-value"}',
    "token = 's3cret-value'",
    'GET http://server:8080/v1/live?token=s3cret-value&x=1',
    'http://user:s3cret-value@server/v1',
    'cm_AbCdEf0123456789xyz was refused',
    'eyJhbGciOi.eyJzdWIiOi.s3cret-value',
    'key 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ])('has nothing left of %s', (text) => {
    const clean = withoutSecrets(text)
    expect(clean).toContain('<secret>')
    for (const secret of ['AbCdEf', 's3cret', '9f86d0']) expect(clean).not.toContain(secret)
  })

  it.each([
    '/home/ada/projects/patient 7/tomo_12.mrc',
    'could not read /data/krios/tomo_12.mrc: no such file',
    'ENOENT: no such file or directory, open "/Users/Ada Lovelace/tomo_12.mrc"',
    'at open (/home/ada/work/tomo_12.mrc:12:7)',
    'C:\\Users\\Ada\\tomo_12.mrc is gone',
    'file:///home/ada/tomo_12.mrc',
    '~/work/tomo_12.mrc',
  ])('has no path left of %s', (text) => {
    const clean = withoutSecrets(text)
    expect(clean).toContain('<path>')
    expect(clean.toLowerCase()).not.toMatch(/ada|tomo_12|krios|patient/)
  })

  it('takes out the secrets it is told, also as an address writes them', () => {
    expect(withoutSecrets('a pass word/1 b pass%20word%2F1 c', ['pass word/1'])).toBe('a <secret> b <secret> c')
  })

  it('leaves sentences, versions and hosts of servers', () => {
    const text = 'http://gpu1.lab.example:8080 does not answer: 503 after 15 s, Electron 33.2.1'
    expect(withoutSecrets(text)).toBe(text)
  })
})
