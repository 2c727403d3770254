import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BODIES, COMMON, OWNED } from './faults/addresses.ts'
import { AUTH, inProcessLauncher, makeTestServer, type TestServer } from './test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from './threshold-model.ts'

const ID = '00000000-0000-7000-8000-000000000000'

/** Addresses whose body is a stream of bytes, which has no fields. */
const STREAMED = ['PUT /v1/uploads/:uploadId/part/:partIndex', 'POST /v1/models']

/** Addresses for monitors and browsers, which add parameters of their own. */
const ANY_QUERY = ['/v1/healthz', '/v1/readyz', '/v1/openapi.json', '/metrics']

/** Addresses that need no body. */
const WITHOUT_BODY = [
  'POST /v1/jobs/:jobId/retry',
  'POST /v1/jobs/:jobId/ticket',
  'POST /v1/admin/jobs/:jobId/cancel',
  'POST /v1/uploads/:uploadId/complete',
  'DELETE /v1/uploads/:uploadId',
  'DELETE /v1/volumes/:volumeId',
  'DELETE /v1/jobs/:jobId',
  'DELETE /v1/models/:id',
]

let server: TestServer
beforeAll(async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest() })
})
afterAll(() => server.stop())

/** Every address but the pages, which belong to the browser. */
function addresses() {
  return server.app.routeList.filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
}

function ask(
  method: string,
  url: string,
  more: { query?: string; payload?: object; text?: string; type?: string } = {},
) {
  const filled = url.replace(':partIndex', '0').replace(/:name/, 'mask.nii.gz').replace(/:\w+/, ID)
  const headers = more.text === undefined ? AUTH : { ...AUTH, 'content-type': more.type ?? 'application/json' }
  const payload = more.text ?? more.payload
  return server.app.inject({
    method: method as 'GET',
    url: `${filled}${more.query ?? ''}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })
}

/** What else an address asks for, so that the unknown field is all that is wrong. */
const RIGHT_QUERIES: Readonly<Record<string, string>> = {
  '/v1/files/:jobId/:name': '&expires=1&key=a&content=a&signature=a',
}

function rightBody(method: string, url: string): object {
  const volume = { shape_zyx: [8, 8, 8], dtype: 'float32', voxel_size_zyx: null, unit: null }
  if (url === '/v1/jobs/estimate') return { ...volume, model: 'threshold' }
  return [...BODIES, ...OWNED, ...COMMON].find((one) => one.method === method && one.url === url)?.body ?? {}
}

describe('unknown fields are refused by name', () => {
  it('in the body of every address that takes one', async () => {
    const taking = addresses().filter(({ method }) => ['POST', 'PUT', 'DELETE', 'PATCH'].includes(method))
    const named = taking.filter(({ method, url }) => !STREAMED.includes(`${method} ${url}`))
    expect(named.length).toBeGreaterThan(10)
    for (const { method, url } of named) {
      const reply = await ask(method, url, { payload: { ...rightBody(method, url), surprise: 1 } })
      expect(reply.statusCode, `${method} ${url}`).toBe(400)
      const { code, message } = reply.json()
      expect({ code, message }, `${method} ${url}`).toEqual({
        code: 'request_invalid',
        message: expect.stringContaining('body has the unknown field surprise'),
      })
    }
  })

  it('in the query of every address', async () => {
    const named = addresses().filter(({ url }) => !ANY_QUERY.includes(url))
    expect(named.length).toBeGreaterThan(30)
    for (const { method, url } of named) {
      const payload = method === 'GET' ? {} : { payload: rightBody(method, url) }
      const isBare = STREAMED.includes(`${method} ${url}`)
      const query = `?surprise=1${RIGHT_QUERIES[url] ?? ''}`
      const reply = await ask(method, url, { query, ...(isBare ? {} : payload) })
      expect(reply.statusCode, `${method} ${url}`).toBe(400)
      expect(reply.json().message, `${method} ${url}`).toContain('querystring has the unknown field surprise')
    }
  })

  it.each(ANY_QUERY)('but not at %s, which monitors and browsers ask', async (url) => {
    expect((await ask('GET', url, { query: '?surprise=1' })).statusCode).not.toBe(400)
  })

  it.each(WITHOUT_BODY)('and %s goes without a body, with null and with {}', async (address) => {
    const [method, url] = address.split(' ')
    for (const more of [{}, { text: 'null' }, { text: '{}' }, { text: '', type: 'text/plain' }])
      expect((await ask(method, url, more)).statusCode, JSON.stringify(more)).toBe(404)
  })
})
