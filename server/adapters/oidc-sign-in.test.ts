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

/** The sender is told nothing of the reason; the log is. */
const REFUSED = {
  code: 'unauthorized',
  message: 'The server did not accept the token.',
  details: { logReason: expect.stringMatching(/^sign-in refused: ./) },
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
    await expect(createOidcSignIn(settings())(token)).rejects.toMatchObject(REFUSED)
  })

  it('is refused without a signature, or with one that the public key makes', async () => {
    const check = createOidcSignIn(settings())
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const body = encode({ ...PERSON, iss: issuer, aud: 'cryomamba', exp: Math.floor(Date.now() / 1000) + 60 })
    for (const token of [
      `${encode({ alg: 'none' })}.${body}.`,
      `${encode({ alg: 'HS256', kid: 'one' })}.${body}.${'a'.repeat(43)}`,
      'not.a.token',
    ])
      await expect(check(token), token).rejects.toMatchObject(REFUSED)
    expect(await check('neither')).toBeNull()
  })

  it('says when it expired', async () => {
    const token = await sign(PERSON, { until: '-2m' })
    await expect(createOidcSignIn(settings())(token)).rejects.toMatchObject({ code: 'token_expired' })
  })

  it.each([{}, { preferred_username: '' }, { preferred_username: 7 }])(
    'is refused for the claims %o',
    async (claims) => {
      await expect(createOidcSignIn(settings())(await sign(claims))).rejects.toMatchObject(REFUSED)
    },
  )

  it('never makes anybody the server, nor a path', async () => {
    const userOf = async (preferred_username: string) =>
      (await createOidcSignIn(settings())(await sign({ preferred_username })))?.user
    expect(await userOf('owner')).toBe('oidc+owner')
    expect(await userOf('Owner')).toBe('oidc+owner')
    expect(await userOf('../anna')).toBe('oidc+..+2fanna')
  })

  it('keeps people apart whose subjects differ in capital letters only, and takes any subject', async () => {
    const check = createOidcSignIn(settings({ userClaim: 'sub' }))
    const userOf = async (sub: string) => (await check(await sign({ sub })))?.user
    expect(await userOf('00uab1')).toBe('00uab1')
    expect(await userOf('00uAb1')).toBe('oidc+00u+41b1')
    expect(await userOf('auth0|5f7c')).toBe('oidc+auth0+7c5f7c')
    expect(await userOf('_x')).toBe('oidc+_x')
  })

  it('needs a checked address where the address is the name', async () => {
    const check = createOidcSignIn(settings({ userClaim: 'email' }))
    const reason = { ...REFUSED, details: { logReason: expect.stringContaining('email is not verified') } }
    await expect(check(await sign({ email: 'anna@lab.org' }))).rejects.toMatchObject(reason)
    expect(await check(await sign({ email: 'anna@lab.org', email_verified: true }))).toMatchObject({
      user: 'anna@lab.org',
    })
  })
})

it('why a token was refused is said without what it says', async () => {
  const check = createOidcSignIn(settings())
  const reasonOf = async (token: string) => (await check(token).catch((error) => error)).details.logReason
  const prefix = 'sign-in refused: '
  expect(await reasonOf(await sign(PERSON, { to: 'mail' }))).toBe(
    `${prefix}ERR_JWT_CLAIM_VALIDATION_FAILED (aud: check_failed)`,
  )
  expect(await reasonOf(await sign({}))).toBe(`${prefix}ERR_JWT_CLAIM_VALIDATION_FAILED (preferred_username: missing)`)
  expect(await reasonOf(await sign(PERSON, { by: strangers }))).toBe(`${prefix}ERR_JWS_SIGNATURE_VERIFICATION_FAILED`)
})

it('a provider that cannot be reached is said to be so, and asked again later', async () => {
  const check = createOidcSignIn(settings({ issuer: 'http://127.0.0.1:1' }))
  await expect(check('a.b.c')).rejects.toMatchObject({ code: 'identity_provider_unavailable', retryable: true })
})
