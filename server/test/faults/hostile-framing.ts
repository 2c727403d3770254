import { createHash } from 'node:crypto'
import { type HostileCase, hostile, JSON_TYPE, request, type Target } from './hostile-case.ts'
import { isRefusal, isRefusalOrEnd, isRefusalOrFine, isStatusOnly } from './hostile-judge.ts'

const BODY = '{"filename":"a.mrc","total_size":5}'
const INIT = { method: 'POST', path: '/v1/uploads/init' }

/** Wrong lengths, shapes of smuggled requests, floods of headers, odd methods and what is no HTTP at all. */
export function hostileFraming(target: Target): HostileCase[] {
  return [...lengths(target), ...parts(target), ...smuggling(target), ...heads(target), ...methods(target), ...noise()]
}

function lengths(target: Target): HostileCase[] {
  const init = (name: string, length: string | number | null, headers: string[] = [], body = BODY) =>
    hostile(name, request(target, { ...INIT, headers: [JSON_TYPE, ...headers], body, length }))
  return [
    init('length shorter than the body', 10),
    init('length negative', -5),
    init('length no number', 'many'),
    init('length with a sign', '+35'),
    init('length hexadecimal', '0x23'),
    init('length above 2^64', '99999999999999999999999'),
    init('two lengths in one', '35, 36'),
    init('two lengths', BODY.length, [`Content-Length: ${BODY.length + 1}`]),
    init('no length', null),
    init('length and chunks', BODY.length, ['Transfer-Encoding: chunked']),
    init('bad chunk size', null, ['Transfer-Encoding: chunked'], 'zz\r\nhello\r\n0\r\n\r\n'),
    init('chunk size above 2^64', null, ['Transfer-Encoding: chunked'], 'fffffffffffffffff\r\nhello'),
    init('negative chunk', null, ['Transfer-Encoding: chunked'], '-5\r\nhello\r\n0\r\n\r\n'),
    init('endless chunk extension', null, ['Transfer-Encoding: chunked'], `5;${'x'.repeat(100_000)}`),
    init(
      'chunks of a too large body',
      null,
      ['Transfer-Encoding: chunked'],
      `200000\r\n${'x'.repeat(0x200000)}\r\n0\r\n\r\n`,
    ),
    init('unknown transfer encoding', null, ['Transfer-Encoding: zstd'], BODY),
    {
      ...init('length longer than the body', BODY.length + 100),
      timeoutMs: 40_000,
    },
  ]
}

/** Parts of uploads go another way than JSON. */
function parts(target: Target): HostileCase[] {
  const path = `/v1/uploads/${target.ids.uploadId}/part`
  const bytes = Buffer.alloc(65_536, 7)
  const digest = `Content-Digest: sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`
  const octets = 'Content-Type: application/octet-stream'
  const put = (name: string, index: string, headers: string[], body: Uint8Array, length?: string | number | null) =>
    hostile(name, request(target, { method: 'PUT', path: `${path}/${index}`, headers, body, length }))
  return [
    put('part too short', '0', [octets, digest], bytes.subarray(1)),
    put('part too long', '0', [octets, digest], Buffer.concat([bytes, bytes])),
    put('part too long in chunks', '0', [octets, digest, 'Transfer-Encoding: chunked'], chunked(bytes, 3), null),
    put(
      'part too short in chunks',
      '0',
      [octets, digest, 'Transfer-Encoding: chunked'],
      chunked(bytes.subarray(9), 1),
      null,
    ),
    put('part without a body', '0', [octets, digest], Buffer.alloc(0)),
    put('part without a length', '0', [octets, digest], Buffer.alloc(0), null),
    put('part of other bytes', '0', [octets, digest], Buffer.alloc(65_536, 8)),
    put('part without a digest', '0', [octets], bytes),
    put('part with a damaged digest', '0', [octets, 'Content-Digest: sha-256=:AAAA:'], bytes),
    put('part with md5 only', '0', [octets, 'Content-Digest: md5=:AAAAAAAAAAAAAAAAAAAAAA==:'], bytes),
    put('part as JSON', '0', [JSON_TYPE, digest], bytes),
    put('part without a type', '0', [digest], bytes),
    ...['-1', '1e9', '99999', '0x0', '0.5', 'NaN', '', '%00', '9'.repeat(300), '..', '0/../1'].map((index) =>
      put(`part ${index.slice(0, 20)}`, index, [octets, digest], bytes),
    ),
  ]
}

function chunked(bytes: Uint8Array, times: number): Buffer {
  const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
  return Buffer.concat([...Array.from({ length: times }, () => chunk), Buffer.from('0\r\n\r\n')])
}

/** Requests that two servers in a row could read differently. */
function smuggling(target: Target): HostileCase[] {
  const inner = 'GET /v1/jobs HTTP/1.1\r\nHost: x\r\n\r\n'
  const init = (name: string, headers: string[], body: string, length: string | number | null = null) =>
    hostile(name, request(target, { ...INIT, headers: [JSON_TYPE, ...headers], body, length }))
  const head = `POST /v1/uploads/init HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${target.token}\r\n`
  return [
    init('CL.TE', ['Transfer-Encoding: chunked'], `0\r\n\r\n${inner}`, 6),
    init('TE.CL', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${inner}\r\n0\r\n\r\n`),
    init('two transfer encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], BODY),
    init('xchunked', ['Transfer-Encoding: xchunked'], BODY),
    init('chunked and more', ['Transfer-Encoding: chunked, identity'], BODY),
    init('space before the colon', ['Transfer-Encoding : chunked'], `0\r\n\r\n${inner}`),
    init('tab in the value', ['Transfer-Encoding:\tchunked\x0b'], BODY),
    init('folded header', ['X-A: b\r\n Transfer-Encoding: chunked'], BODY, BODY.length),
    hostile('bare line feeds', `${head.replaceAll('\r\n', '\n')}Content-Length: 0\n\n`, isRefusalOrEnd),
    hostile('carriage return in a header', `${head}X-A: b\rTransfer-Encoding: chunked\r\n\r\n`, isRefusalOrEnd),
    hostile('NUL in a header', `${head}X-A: b\0c\r\nContent-Length: 0\r\n\r\n`, isRefusalOrEnd),
    hostile('no colon', `${head}nonsense\r\n\r\n`, isRefusalOrEnd),
    hostile('empty header name', `${head}: b\r\n\r\n`, isRefusalOrEnd),
    hostile('address with a host', request({ ...target }, { method: 'GET', path: 'http://evil.example/v1/jobsx' })),
    hostile('address without a slash', request(target, { method: 'GET', path: 'v1/jobs' }), isRefusalOrEnd),
    hostile('two requests, the second unauthorised', `GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n${inner}`),
  ]
}

function heads(target: Target): HostileCase[] {
  const get = (name: string, headers: string[], verdict = isRefusal) =>
    hostile(name, request(target, { method: 'GET', path: '/v1/nothing', headers }), verdict)
  return [
    get('one huge header', [`X-A: ${'a'.repeat(100_000)}`]),
    get(
      'flood of headers',
      Array.from({ length: 5000 }, (_, i) => `X-${i}: ${'b'.repeat(10)}`),
    ),
    get(
      'flood of the same header',
      Array.from({ length: 900 }, () => 'Cookie: a=b'),
    ),
    get('long name of a header', [`X-${'a'.repeat(50_000)}: b`]),
    get('unknown expectation', ['Expect: 200-maybe']),
    get('upgrade to another protocol', ['Upgrade: h2c', 'Connection: Upgrade', 'HTTP2-Settings: AAMAAABk']),
    get('overridden method', ['X-HTTP-Method-Override: DELETE', 'X-Original-URL: /v1/jobs', 'X-Rewrite-URL: /v1/jobs']),
    get('forwarded', ['X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1', 'X-Forwarded-Host: evil']),
    hostile('no host', `GET /v1/jobs HTTP/1.1\r\nAuthorization: Bearer ${target.token}\r\n\r\n`),
    hostile('two hosts', request(target, { method: 'GET', path: '/v1/nothing', headers: ['Host: evil'] })),
    hostile('long address', request(target, { method: 'GET', path: `/v1/jobs?cursor=${'a'.repeat(15_000)}` })),
    hostile('longer address', request(target, { method: 'GET', path: `/${'a'.repeat(60_000)}` })),
    ...[
      'limit=0',
      'limit=1e9',
      'limit=-1',
      'limit=x',
      'limit[]=1',
      'limit=1&limit=2',
      'cursor=..',
      'cursor=%00',
      '__proto__=1',
      'x=1',
    ].map((query) => hostile(`query ${query}`, request(target, { method: 'GET', path: `/v1/jobs?${query}` }))),
  ]
}

function methods(target: Target): HostileCase[] {
  const { jobId } = target.ids
  const odd = ['PATCH', 'PUT', 'POST', 'PROPFIND', 'LOCK', 'TRACE', 'OPTIONS', 'SEARCH']
  return [
    ...odd.map((method) => hostile(`${method} of a job`, request(target, { method, path: `/v1/jobs/${jobId}` }))),
    ...['HEAD', 'DELETE', 'PUT'].map((method) =>
      hostile(`${method} of the list`, request(target, { method, path: '/v1/uploads/init' }), isStatusOnly),
    ),
    ...['get', 'GOT', 'G\0T', ''].map((method) =>
      hostile(`method "${method}"`, request(target, { method, path: '/v1/jobs' }), isRefusalOrEnd),
    ),
    hostile('CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n', isRefusalOrEnd),
    hostile('OPTIONS *', `OPTIONS * HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${target.token}\r\n\r\n`),
    hostile(
      'a body where none belongs',
      request(target, { method: 'GET', path: `/v1/jobs/${jobId}`, headers: [JSON_TYPE], body: '{"a":1}' }),
      isRefusalOrFine,
    ),
  ]
}

function noise(): HostileCase[] {
  return [
    hostile('HTTP/0.9', 'GET /\r\n\r\n', isRefusalOrEnd),
    hostile('HTTP/9.9', 'GET /v1/jobs HTTP/9.9\r\nHost: x\r\n\r\n', isRefusalOrEnd),
    hostile('HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', isRefusalOrEnd),
    hostile('TLS hello', Buffer.from('16030100c8010000c40303', 'hex'), isRefusalOrEnd),
    hostile('SSH', 'SSH-2.0-OpenSSH_9.2\r\n', isRefusalOrEnd),
    hostile('zeros', Buffer.alloc(100_000), isRefusalOrEnd),
    hostile('line feeds', `${'\r\n'.repeat(50_000)}X\r\n\r\n`, isRefusalOrEnd),
  ]
}
