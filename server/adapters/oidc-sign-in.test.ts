import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOidcSignIn, type OidcSettings } from './oidc-sign-in.ts'

/** An identity provider on the loopback: a discovery document, and one public key. */
let provider: Server
let issuer: string
let keys: Awaited<ReturnType<typeof generateKeyPair>>
let strangers: typeof keys
let numKeyReads = 0

beforeAll(async () => {
  keys = await generateKeyPair('ES256')
  strangers = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  provider = createServer((request, reply) => {
    reply.setHeader('content-type', 'application/json')
    if (request.url === '/.well-known/openid-configuration')
      return reply.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }))
    numKeyReads++
    return reply.end(JSON.stringify({ keys: [jwk] }))
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
})

afterAll(() => void provider.close())

function settings(change: Partial<OidcSettings> = {}): OidcSettings {
  return {
    issuer,
    audience: 'cryomamba',
    userClaim: 'preferred_username',
    groupsClaim: 'groups',
    adminGroup: 'em-admins',
    ...change,
  }
}

const PERSON = { preferred_username: 'Anna.B', groups: ['/lab', 'EM'] }

function sign(claims: JWTPayload, { by = keys, from = issuer, until = '5m', to = 'cryomamba', kid = 'one' } = {}) {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).setIssuer(from).setAudience(to)
  return token.setIssuedAt().setExpirationTime(until).sign(by.privateKey)
}

describe('a token of the identity provider', () => {
  it('names the user and the groups', async () => {
    const check = createOidcSignIn(settings())
    expect(await check(await sign(PERSON))).toMatchObject({
      user: 'anna.b',
      groups: ['lab', 'em'],
      scopes: ['read', 'write'],
    })
    const admin = { ...PERSON, groups: ['em-admins'] }
    expect((await check(await sign(admin)))?.scopes).toEqual(['read', 'write', 'admin'])
  })

  it('is read with keys that are fetched once', async () => {
    const check = createOidcSignIn(settings())
    await check(await sign(PERSON))
    const before = numKeyReads
    for (let i = 0; i < 5; i++) await check(await sign(PERSON))
    expect(numKeyReads).toBe(before)
  })

  it.each([
    ['another key', { by: 'strangers' }],
    ['another issuer', { from: 'http://127.0.0.1:1' }],
    ['another audience', { to: 'mail' }],
    ['a key that is not known', { kid: 'two' }],
  ])('is refused with %s', async (_, change) => {
    const token = await sign(PERSON, { ...change, by: 'by' in change ? strangers : keys })
    expect(await createOidcSignIn(settings())(token)).toBeNull()
  })

  it('is refused without a signature, or with one that the public key makes', async () => {
    const check = createOidcSignIn(settings())
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const body = encode({ ...PERSON, iss: issuer, aud: 'cryomamba', exp: Math.floor(Date.now() / 1000) + 60 })
    expect(await check(`${encode({ alg: 'none' })}.${body}.`)).toBeNull()
    expect(await check(`${encode({ alg: 'HS256', kid: 'one' })}.${body}.${'a'.repeat(43)}`)).toBeNull()
    expect(await check('not.a.token')).toBeNull()
    expect(await check('neither')).toBeNull()
  })

  it('says when it expired', async () => {
    const token = await sign(PERSON, { until: '-2m' })
    await expect(createOidcSignIn(settings())(token)).rejects.toMatchObject({ code: 'token_expired' })
  })

  it.each([{}, { preferred_username: 'owner' }, { preferred_username: '../anna' }, { preferred_username: 7 }])(
    'is refused for the claims %o',
    async (claims) => {
      expect(await createOidcSignIn(settings())(await sign(claims))).toBeNull()
    },
  )

  it('needs a checked address where the address is the name', async () => {
    const check = createOidcSignIn(settings({ userClaim: 'email' }))
    expect(await check(await sign({ email: 'anna@lab.org' }))).toBeNull()
    expect(await check(await sign({ email: 'anna@lab.org', email_verified: true }))).toMatchObject({
      user: 'anna@lab.org',
    })
  })
})

it('a provider that cannot be reached is said to be so, and asked again later', async () => {
  const check = createOidcSignIn(settings({ issuer: 'http://127.0.0.1:1' }))
  await expect(check('a.b.c')).rejects.toMatchObject({ code: 'identity_provider_unavailable', retryable: true })
})
