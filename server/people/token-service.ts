import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { DomainError } from '../../shared/errors/domain-error.ts'
import { mayPass } from '../while-away.ts'
import { type Access, asName, SCOPES, type Scope, SERVER_USER, withContained } from './access.ts'
import type { PeopleRepository, TokenRecord } from './people-repository.ts'

/** What tokens begin with, so that people and secret scanners know one when they see it. */
const PREFIX = 'cm_'

/** 256 bits: cannot be guessed, so that a plain hash of it may be stored. */
const SECRET_BYTES = 32

/** `lastUsedAt`, and groups that are as they were, are not written more often than this. */
const USED_STEP_MS = 60_000

/** What an identity provider says of somebody; `groups` are the names that their projects and models are shared with. */
export type SignedIn = Omit<Access, 'tokenId'> & { groups: readonly string[] }

/** Checks a token of an identity provider; null where it is none. @throws {DomainError} `unauthorized`, `token_expired` */
export type SignInCheck = (token: string) => Promise<SignedIn | null>

export interface TokenServiceNeeds {
  people: PeopleRepository
  newId: () => string
  /** The server's own token, or null where only users' tokens are accepted. */
  serverToken: string | null
  checkSignIn?: SignInCheck
  now?: () => number
}

export interface NewToken {
  user: string
  label?: string
  scopes: readonly Scope[]
  /** Null: it does not expire. */
  lifetimeDays: number | null
}

/** Tokens of users: made, listed, revoked, and turned into the access that they give. */
export class TokenService {
  private readonly needs: TokenServiceNeeds
  /** What was last recorded for each user who signed in. */
  private readonly recordedGroups = new Map<string, { names: string; atMs: number }>()

  /** When the last use of each token was to be recorded. */
  private readonly usesTriedMs = new Map<string, number>()

  constructor(needs: TokenServiceNeeds) {
    this.needs = needs
  }

  /** Makes a token. It is given back once and stored only as its hash. @throws {DomainError} `usage` */
  async create(wanted: NewToken): Promise<{ token: string; record: TokenRecord }> {
    const user = checkedName(wanted.user, 'user')
    if (user === SERVER_USER)
      throw new DomainError('usage', { reason: `The name ${SERVER_USER} belongs to the server.` })
    if (wanted.scopes.length === 0 || !wanted.scopes.every((scope) => SCOPES.includes(scope)))
      throw new DomainError('usage', { reason: `Scopes are ${SCOPES.join(', ')}.` })
    const nowMs = this.nowMs()
    const token = PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
    const record: TokenRecord = {
      tokenId: this.needs.newId(),
      user,
      label: wanted.label ?? '',
      hash: hashOf(token),
      scopes: withContained(wanted.scopes),
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: wanted.lifetimeDays === null ? null : new Date(nowMs + wanted.lifetimeDays * 86_400_000).toISOString(),
      revokedAt: null,
      lastUsedAt: null,
    }
    await this.needs.people.insertToken(record)
    return { token, record }
  }

  /** Ends a token at once. @throws {DomainError} `token_not_found` */
  async revoke(tokenId: string): Promise<void> {
    const time = new Date(this.nowMs()).toISOString()
    if (!(await this.needs.people.revokeToken(tokenId, time))) throw new DomainError('token_not_found', { tokenId })
  }

  /**
   * What a token gives: the server's own everything, a stored one what is stored, one of the identity provider what it
   * says. Looked up each time, so that a revoked token ends with the request before.
   * @throws {DomainError} `unauthorized`, `token_expired`, `identity_provider_unavailable`
   */
  async accessOf(token: string): Promise<Access> {
    if (this.isServerToken(token)) return { user: SERVER_USER, scopes: SCOPES, tokenId: null, expiresAt: null }
    if (token.startsWith(PREFIX)) return this.storedAccess(token)
    const signedIn = (await this.needs.checkSignIn?.(token)) ?? null
    if (!signedIn) throw new DomainError('unauthorized')
    const { groups, ...access } = signedIn
    await this.recordGroups(access.user, groups)
    return { ...access, tokenId: null }
  }

  private async recordGroups(user: string, groups: readonly string[]): Promise<void> {
    const names = JSON.stringify([...groups].sort())
    const [former, atMs] = [this.recordedGroups.get(user), this.nowMs()]
    if (former?.names === names && atMs - former.atMs < USED_STEP_MS) return
    await this.needs.people.replaceProvidedGroups(user, groups)
    this.recordedGroups.set(user, { names, atMs })
  }

  private async storedAccess(token: string): Promise<Access> {
    const { people } = this.needs
    const record = await people.findTokenByHash(hashOf(token))
    if (!record || record.revokedAt !== null) throw new DomainError('unauthorized')
    const nowMs = this.nowMs()
    if (record.expiresAt !== null && Date.parse(record.expiresAt) <= nowMs)
      throw new DomainError('token_expired', { time: record.expiresAt })
    await this.noteUse(record, nowMs)
    const { user, scopes, tokenId, expiresAt } = record
    return { user, scopes, tokenId, expiresAt }
  }

  /** A full disk keeps nobody from what needs no room: reading, and deleting what fills it. */
  private async noteUse({ tokenId, lastUsedAt }: TokenRecord, nowMs: number): Promise<void> {
    const knownMs = lastUsedAt === null ? Number.NEGATIVE_INFINITY : Date.parse(lastUsedAt)
    const triedMs = this.usesTriedMs.get(tokenId) ?? Number.NEGATIVE_INFINITY
    if (nowMs - Math.max(knownMs, triedMs) <= USED_STEP_MS) return
    this.usesTriedMs.set(tokenId, nowMs)
    await this.needs.people.tokenUsed(tokenId, new Date(nowMs).toISOString()).catch((error) => {
      if (!mayPass(error)) throw error
    })
  }

  private isServerToken(token: string): boolean {
    const { serverToken } = this.needs
    return serverToken !== null && timingSafeEqual(Buffer.from(hashOf(token)), Buffer.from(hashOf(serverToken)))
  }

  private nowMs(): number {
    return (this.needs.now ?? Date.now)()
  }
}

/** @throws {DomainError} `usage` */
export function checkedName(text: string, what: 'user' | 'group'): string {
  const name = asName(text)
  if (name) return name
  const reason = `"${text}" cannot be the name of a ${what}: up to 100 of a-z, 0-9 and . _ @ + - are allowed.`
  throw new DomainError('usage', { reason })
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
