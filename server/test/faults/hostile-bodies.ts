import { BODIES, filled, OWNED } from './addresses.ts'
import { type HostileCase, hostile, JSON_TYPE, request, type Target } from './hostile-case.ts'
import { isRefusalOrFine } from './hostile-judge.ts'

type Json = unknown

/** Values of every wrong kind; none of them is right in any field of any body. */
const WRONG_VALUES: readonly Json[] = [
  null,
  [],
  {},
  [[]],
  { __proto__x: 1 },
  -1,
  -1e308,
  1e308,
  0.5e-300,
  Number.MAX_SAFE_INTEGER,
  '',
  '../../esc4pe',
  'a'.repeat(5000),
  '\u0000',
  '\ud800',
  true,
  '1; DROP TABLE jobs',
]

/** Bodies that are too large, not JSON, too deep, of another type, or poisoned; and every field with every wrong value. */
export function hostileBodies(target: Target): HostileCase[] {
  return [...badJson(target), ...poisoned(target), ...wrongFields(target), ...wrongTypes(target)]
}

function post(target: Target, path: string, body: string | Uint8Array, headers: readonly string[] = [JSON_TYPE]) {
  return request(target, { method: 'POST', path, headers, body })
}

function badJson(target: Target): HostileCase[] {
  const bodies: Record<string, string | Uint8Array> = {
    'oversized JSON': `{"filename":"${'x'.repeat(2 * 1024 * 1024)}"}`,
    'no JSON': 'filename=a.mrc&total_size=5',
    'half JSON': '{"filename":"a.mrc","total_',
    'JSON and more': '{"filename":"a.mrc","total_size":5} {}',
    'empty body': '',
    'deep arrays': '['.repeat(200_000) + ']'.repeat(200_000),
    'deep objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    'not UTF-8': Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
    'UTF-16': Buffer.from('{"filename":"a.mrc","total_size":5}', 'utf16le'),
    NaN: '{"filename":"a.mrc","total_size":NaN}',
    infinite: '{"filename":"a.mrc","total_size":1e999}',
    'huge number': `{"filename":"a.mrc","total_size":${'9'.repeat(10_000)}}`,
    'a list': '[{"filename":"a.mrc","total_size":5}]',
    'a string': '"a.mrc"',
    'a number': '5',
    null: 'null',
    'many keys': `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
  }
  return Object.entries(bodies).flatMap(([name, body]) =>
    ['/v1/uploads/init', '/v1/jobs'].map((path) => hostile(`${name} to ${path}`, post(target, path, body))),
  )
}

function poisoned(target: Target): HostileCase[] {
  const bodies = [
    '{"__proto__":{"isAdmin":true},"filename":"a.mrc","total_size":5}',
    '{"constructor":{"prototype":{"isAdmin":true}},"filename":"a.mrc","total_size":5}',
    '{"filename":"a.mrc","total_size":5,"metadata":{"__proto__":{"mode0":"signed"}}}',
    '{"filename":"a.mrc","total_size":5,"metadata":{"a":{"__proto__":{"b":1}}}}',
    '{"filename":"a.mrc","total_size":5,"\\u005f_proto__":{"a":1}}',
    '{"filename":"a.mrc","total_size":5,"owner":"owner"}',
    '{"filename":"a.mrc","total_size":5,"user":"admin","scopes":["admin"]}',
  ]
  return bodies.map((body) => hostile(`poisoned ${body}`, post(target, '/v1/uploads/init', body)))
}

/** One thing wrong at a time, at any depth, and one field too many. */
function wrongFields(target: Target): HostileCase[] {
  const bodies = [...BODIES, ...OWNED.filter(({ body }) => body)]
  return bodies.flatMap(({ method, url, body = {} }) => {
    const path = filled(url, target.ids)
    const make = (changed: Json) =>
      request(target, { method, path, headers: [JSON_TYPE], body: JSON.stringify(changed) })
    const unknown = hostile(`${method} ${url} with an unknown field`, make({ ...body, esc4pe: 1 }))
    const wrong = fieldsOf(body).flatMap((field) =>
      WRONG_VALUES.filter((value) => isWrongIn(field, value)).map((value) =>
        hostile(
          `${method} ${url} with ${field.join('.')} = ${JSON.stringify(value).slice(0, 40)}`,
          make(replaced(body, field, value)),
        ),
      ),
    )
    return [unknown, ...wrong]
  })
}

/** Some of the values are right in some fields. */
function isWrongIn(field: readonly string[], value: Json): boolean {
  const name = field[field.length - 1]
  if (['enabled', 'draft', 'start_inference'].includes(name) && value === true) return false
  if (name === 'project' && value === null) return false
  if (name === 'step' || name === 'threshold' || name === 'interval_seconds') return value !== 0.5e-300
  if ((name === 'params' || name === 'preview') && JSON.stringify(value) === '{}') return name === 'preview'
  if (name === 'mirror_axes' && Array.isArray(value) && value.length === 0) return false
  if (name === 'filename') return typeof value !== 'string' || value === '' || value.length > 255 || /[/\0]/.test(value)
  return true
}

function fieldsOf(body: Readonly<Record<string, unknown>>): string[][] {
  return Object.entries(body).flatMap(([name, value]) => {
    const inner = value !== null && typeof value === 'object' && !Array.isArray(value) ? fieldsOf(value as never) : []
    return [[name], ...inner.map((field) => [name, ...field])]
  })
}

function replaced(body: Readonly<Record<string, unknown>>, [name, ...rest]: string[], value: Json): Json {
  if (rest.length === 0) return { ...body, [name]: value }
  return { ...body, [name]: replaced(body[name] as Record<string, unknown>, rest, value) }
}

function wrongTypes(target: Target): HostileCase[] {
  const body = '{"filename":"a.mrc","total_size":5}'
  const types = [
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'application/zip',
    'a/b/c',
    `x/${'y'.repeat(3000)}`,
    '',
  ]
  return [
    ...types.map((type) =>
      hostile(`type "${type.slice(0, 40)}"`, post(target, '/v1/uploads/init', body, [`Content-Type: ${type}`])),
    ),
    hostile('compressed', post(target, '/v1/uploads/init', Buffer.alloc(100), [JSON_TYPE, 'Content-Encoding: gzip'])),
    hostile(
      'another charset',
      post(target, '/v1/uploads/init', body, ['Content-Type: application/json; charset=utf-7']),
      isRefusalOrFine,
    ),
  ]
}
