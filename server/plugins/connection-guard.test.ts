import { afterEach, beforeEach, expect, it } from 'vitest'
import { isRefusal } from '../test/faults/hostile-judge.ts'
import { sendRaw } from '../test/faults/raw-http.ts'
import { inProcessLauncher, makeTestServer, type TestServer, TOKEN } from '../test/test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../test/threshold-model.ts'

let server: TestServer
let port: number
beforeEach(async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  server = await makeTestServer({ launcher, manifest: thresholdManifest(), change: { slowRequestSeconds: 1 } })
  port = Number(new URL(await server.listen()).port)
})
afterEach(() => server.stop())

const HEAD = `POST /v1/uploads/init HTTP/1.1\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n`

it.each([
  ['a request without a Host', `${HEAD}Content-Length: 2\r\n\r\n{}`, 400, 'request_invalid'],
  ['an expectation nobody meets', `${HEAD}Host: x\r\nExpect: 200-maybe\r\n\r\n`, 400, 'request_invalid'],
  ['headers of 100 kB', `${HEAD}Host: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['what is no HTTP', 'NONSENSE\r\n\r\n', 400, 'request_invalid'],
  ['an address that cannot be decoded', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'request_invalid'],
  ['a head that never ends', `${HEAD}Host: x\r\n`, 408, 'request_timeout'],
  ['a body that never comes', `${HEAD}Host: x\r\nContent-Length: 500\r\n\r\n{`, 408, 'request_timeout'],
])('%s is answered with a problem', async (_, bytes, status, code) => {
  const answer = await sendRaw(port, { bytes })
  expect(isRefusal(answer)).toBeNull()
  expect([answer.status, JSON.parse(String(answer.body)).code]).toEqual([status, code])
})

it('a body nested deeper than any code could walk is refused', async () => {
  const url = '/v1/jobs'
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const payload = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  const reply = await server.app.inject({ method: 'POST', url, headers, payload })
  expect([reply.statusCode, reply.json().code]).toEqual([400, 'request_invalid'])
})
