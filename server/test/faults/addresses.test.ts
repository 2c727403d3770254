import { expect, it } from 'vitest'
import { inProcessLauncher, makeTestServer } from '../test-server.ts'
import { fakeThresholdNetwork, thresholdManifest } from '../threshold-model.ts'
import { COMMON, OWNED } from './addresses.ts'

it('lists every address of the server that has a parameter', async () => {
  const launcher = inProcessLauncher(fakeThresholdNetwork().createSession)
  const server = await makeTestServer({ launcher, manifest: thresholdManifest() })
  try {
    const named = server.app.routeList.filter(({ method, url }) => url.includes(':') && method !== 'HEAD')
    const known = [...OWNED, ...COMMON].map(({ method, url }) => `${method} ${url}`)
    const found = named.map(({ method, url }) => `${method} ${url}`)
    expect(found.filter((one) => !known.includes(one))).toEqual([])
    const withoutPage = known.filter((one) => !one.includes('/operator/'))
    expect(withoutPage.filter((one) => !found.includes(one))).toEqual([])
  } finally {
    await server.stop()
  }
})
