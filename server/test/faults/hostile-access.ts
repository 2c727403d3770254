import { createHash, createHmac } from 'node:crypto'
import type { Artifact } from '../../../shared/contract/jobs.ts'
import { type HostileCase, hostile, request, type Target } from './hostile-case.ts'
import { isRefusal, isRefusalOrEnd, type Verdict } from './hostile-judge.ts'
import type { RawAnswer } from './raw-http.ts'

const LIST = { method: 'GET', path: '/v1/jobs' }

/** Tokens that are foreign, damaged, replayed in another place or forged. */
export function hostileTokens(target: Target, others: { expired: string; revoked: string }): HostileCase[] {
  const { token } = target
  const bearer = (name: string, text: string, verdict: Verdict = isRefusal) =>
    hostile(`token ${name}`, request(target, { ...LIST, token: null, headers: [`Authorization: ${text}`] }), verdict)
  const jwt = (header: object, body: object) =>
    `${[header, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`
  return [
    hostile('no token', request(target, { ...LIST, token: null })),
    bearer('cut short', `Bearer ${token.slice(0, -1)}`),
    bearer('with more behind', `Bearer ${token}a`),
    bearer('in another case', `Bearer ${token.toUpperCase()}`),
    bearer('twice', `Bearer ${token} ${token}`),
    bearer('with a comma', `Bearer ${token},${token}`),
    bearer('as basic', `Basic ${Buffer.from(`user:${token}`).toString('base64')}`),
    bearer('without a scheme', token),
    bearer('empty', 'Bearer '),
    bearer('very long', `Bearer ${'a'.repeat(12_000)}`),
    bearer('longer than the head', `Bearer ${'a'.repeat(40_000)}`),
    bearer('with NUL', `Bearer ${token}\0`, isRefusalOrEnd),
    bearer('in Latin 1', 'Bearer \u00e9\u00e8\u00ea'),
    bearer('of SQL', "Bearer cm_'/**/OR/**/1=1--"),
    bearer('made up', `Bearer cm_${createHash('sha256').update('guess').digest('base64url')}`),
    bearer('as its hash', `Bearer ${createHash('sha256').update(token).digest('hex')}`),
    bearer('of a provider without signature', `Bearer ${jwt({ alg: 'none' }, { sub: 'admin', groups: ['admin'] })}`),
    bearer('expired', `Bearer ${others.expired}`),
    bearer('revoked', `Bearer ${others.revoked}`),
    hostile('token in the address', request(target, { ...LIST, path: `/v1/jobs?token=${token}`, token: null })),
    hostile('token in a cookie', request(target, { ...LIST, token: null, headers: [`Cookie: token=${token}`] })),
    hostile('admin address with a user token', request(target, { method: 'GET', path: '/v1/admin/overview' })),
    hostile('audit log with a user token', request(target, { method: 'GET', path: '/v1/admin/audit' })),
  ]
}

/** Links to an artifact that were changed in any part, and those of somebody else's job. */
export function hostileLinks(target: Target, artifact: Artifact, otherJobId: string): HostileCase[] {
  const url = new URL(artifact.url, 'http://x')
  const jobId = url.pathname.split('/')[3]
  const changed = (name: string, change: (copy: URL) => void) => {
    const copy = new URL(url)
    change(copy)
    return hostile(`link ${name}`, request(target, { method: 'GET', path: copy.pathname + copy.search, token: null }))
  }
  const set = (field: string, value: string) => (copy: URL) => copy.searchParams.set(field, value)
  const signature = url.searchParams.get('signature') ?? ''
  const forged = createHmac('sha256', '').update('anything').digest('base64url')
  const later = String(Number(url.searchParams.get('expires')) + 86_400)
  return [
    ...['expires', 'key', 'content', 'holder', 'signature'].flatMap((field) => [
      changed(`without ${field}`, (copy) => copy.searchParams.delete(field)),
      changed(`with ${field} empty`, set(field, '')),
      changed(`with ${field} twice`, (copy) => copy.searchParams.append(field, '1')),
      changed(`with ${field} as __proto__`, set(field, '__proto__')),
    ]),
    changed('that lasts longer', set('expires', later)),
    changed('that never ends', set('expires', '99999999999999999999')),
    changed('that ended', set('expires', '1')),
    changed('with a negative end', set('expires', '-1')),
    changed('with a forged signature', set('signature', forged)),
    changed('with a cut signature', set('signature', signature.slice(0, -1))),
    changed('with a signature in another case', set('signature', signature.toUpperCase())),
    changed('to other content', set('content', '0'.repeat(16))),
    changed('of another job', (copy) => {
      copy.pathname = copy.pathname.replace(jobId, otherJobId)
    }),
    changed('of another file', (copy) => {
      copy.pathname = copy.pathname.replace(artifact.name, 'stats.json')
    }),
    changed('of a file above', (copy) => {
      copy.pathname = `${copy.pathname}%2f..%2f..%2fcryomamba.sqlite`
    }),
    changed('with one field more', set('esc4pe', '1')),
  ]
}

/** Range and condition headers on a good link: odd ones get the right bytes or a refusal, never others. */
export function hostileRanges(target: Target, artifact: Artifact, bytes: Uint8Array): HostileCase[] {
  const url = new URL(artifact.url, 'http://x')
  const etag = `"${artifact.sha256}"`
  const get = (headers: string[]) => {
    const raw = request(target, { method: 'GET', path: url.pathname + url.search, token: null, headers })
    return hostile(`range ${headers.join(' ').slice(0, 80)}`, raw, (answer) => rightBytes(answer, bytes))
  }
  const ranges = [
    'bytes=0-0',
    'bytes=5-4',
    'bytes=-0',
    'bytes=-1',
    'bytes=-99999999999999999999',
    'bytes=99999999999999999999-',
    'bytes=0-99999999999999999999',
    'bytes=18446744073709551615-',
    'bytes=-9223372036854775808',
    `bytes=${bytes.length}-`,
    `bytes=${bytes.length - 1}-`,
    `bytes=${Array.from({ length: 3000 }, (_, i) => `${i}-${i}`).join(',')}`,
    `bytes=${Array.from({ length: 1000 }, () => '0-').join(',')}`,
    'bytes=0-1,0-1',
    'bytes=0x0-0x9',
    'bytes=1e2-',
    'bytes= 0-1',
    'bytes=--1',
    'bytes=',
    'octets=0-1',
    'bytes=\u00b2-\u00b3',
  ]
  const conditions = [
    etag,
    `W/${etag}`,
    '"other"',
    '*',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '"a", "b"',
    `"${'a'.repeat(9000)}"`,
  ]
  return [
    ...ranges.map((range) => get([`Range: ${range}`])),
    ...conditions.flatMap((one) => [
      get([`If-Range: ${one}`, 'Range: bytes=3-9']),
      get([`If-None-Match: ${one}`]),
      get([`If-Match: ${one}`]),
    ]),
    get(['Range: bytes=0-1', 'Range: bytes=5-9']),
  ]
}

/** Whole, the part that Content-Range names, nothing (304), or a refusal. */
function rightBytes(answer: RawAnswer, bytes: Uint8Array): string | null {
  if (answer.status === 304) return null
  if (answer.status === 200)
    return Buffer.compare(answer.body, bytes) === 0 ? null : `${answer.body.length} bytes that are not the file`
  if (answer.status !== 206) return isRefusal(answer)
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')
  if (!found || Number(found[3]) !== bytes.length) return `content-range ${answer.headers.get('content-range')}`
  const expected = bytes.subarray(Number(found[1]), Number(found[2]) + 1)
  return Buffer.compare(answer.body, expected) === 0 ? null : 'other bytes than Content-Range says'
}
