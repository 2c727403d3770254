import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { asName, withContained } from '../people/access.ts'
import { nameOfSubject } from '../people/subject-name.ts'
import type { SignedIn, SignInCheck } from '../people/token-service.ts'

/** How a server trusts an identity provider (OpenID Connect). */
export interface OidcSettings {
  /** As the provider writes it in its tokens, e.g. `https://login.example.org/realms/lab`. */
  issuer: string
  /** What its tokens for this server name as audience. */
  audience: string
  /** Claim that becomes the user's name; what other claims than `sub` say is read in small letters. */
  userClaim: string
  /** Claim with a list of groups. */
  groupsClaim: string
  /** Members of this group are administrators; null: nobody is through the provider. */
  adminGroup: string | null
}

/** Signatures that only the provider can make: never `none`, never one with a shared secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** Clocks of two machines differ by this much at most. */
const CLOCK_TOLERANCE_SECONDS = 30

const DISCOVERY_MS = 10_000

/** Largest discovery document that is read. */
const MAX_DISCOVERY_BYTES = 1024 * 1024

/**
 * Checks JSON Web Tokens of one identity provider: signature by its published keys, issuer, audience and times.
 * The keys are found through its discovery document at the first sign-in, and kept; a key that is not known is looked up
 * again, at most every 30 s.
 * @see OpenID Connect Discovery 1.0 §4; RFC 8725
 */
export function createOidcSignIn(settings: OidcSettings): SignInCheck {
  let keys: ReturnType<typeof createRemoteJWKSet> | null = null
  return async (token) => {
    if (token.split('.').length !== 3) return null
    keys ??= createRemoteJWKSet(await keysAddress(settings.issuer))
    return accessOfClaims(await verified(token, keys, settings), settings)
  }
}

/** @throws {DomainError} `token_expired`, `identity_provider_unavailable`, `unauthorized` */
async function verified(
  token: string,
  keys: ReturnType<typeof createRemoteJWKSet>,
  { issuer, audience, userClaim }: OidcSettings,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', userClaim],
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw new DomainError('token_expired', { time: new Date((error.payload.exp ?? 0) * 1000).toISOString() })
    if (isProvidersFault(error)) throw new DomainError('identity_provider_unavailable', { cause: error })
    if (error instanceof errors.JOSEError) throw refused(reasonOf(error), error)
    throw error
  }
}

/** What the check of a token found, without anything that the token says. */
function reasonOf(error: InstanceType<typeof errors.JOSEError>): string {
  const claim = error instanceof errors.JWTClaimValidationFailed ? ` (${error.claim}: ${error.reason})` : ''
  return `${error.code}${claim}`
}

/** The sender is told no more than of any other token; the log says why. */
function refused(reason: string, cause?: unknown): DomainError {
  return new DomainError('unauthorized', { logReason: `sign-in refused: ${reason}`, cause })
}

/** @throws {DomainError} `unauthorized` */
function accessOfClaims(claims: Record<string, unknown>, settings: OidcSettings): SignedIn {
  const { userClaim } = settings
  const named = claims[userClaim]
  const user = typeof named === 'string' ? nameOfSubject(userClaim === 'sub' ? named : folded(named)) : null
  if (user === null) throw refused(`the claim ${userClaim} names nobody`)
  // An address that the provider has not checked could be anybody's.
  if (userClaim === 'email' && claims.email_verified !== true) throw refused('the claim email is not verified')
  const listed = claims[settings.groupsClaim]
  const groups = (Array.isArray(listed) ? listed : []).flatMap((group) => {
    const name = typeof group === 'string' ? asName(group.replace(/^\//, '')) : null
    return name ? [name] : []
  })
  const isAdmin = settings.adminGroup !== null && groups.includes(settings.adminGroup)
  const expiresAt = new Date(Number(claims.exp) * 1000).toISOString()
  return { user, groups, scopes: withContained([isAdmin ? 'admin' : 'write']), expiresAt }
}

/** Capital letters count in `sub` alone; addresses and names that people choose are the same in either. */
function folded(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** @throws {DomainError} `identity_provider_unavailable` */
async function keysAddress(issuer: string): Promise<URL> {
  try {
    const signal = AbortSignal.timeout(DISCOVERY_MS)
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const reply = await fetch(address, { signal, redirect: 'error' })
    const text = await reply.text()
    if (!reply.ok || text.length > MAX_DISCOVERY_BYTES) throw new Error(`HTTP ${reply.status}`)
    const found = JSON.parse(text)
    if (found.issuer !== issuer) throw new Error('the discovery document names another issuer')
    const url = new URL(found.jwks_uri)
    if (url.protocol !== new URL(issuer).protocol) throw new Error('the keys lie at an address of another protocol')
    return url
  } catch (cause) {
    throw new DomainError('identity_provider_unavailable', { cause })
  }
}

/** Its keys could not be read: no connection, another answer than 200, not a key set. */
function isProvidersFault(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true
  return ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'].includes(error.code)
}
